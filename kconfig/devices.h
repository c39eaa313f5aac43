/* The devices that the kernel has found, each told by its modalias: the string that says which
 * drivers could serve it. The tool asks them of the host, PID 1 of the machine being booted. */
#ifndef EBB_KCONFIG_DEVICES_H
#define EBB_KCONFIG_DEVICES_H

/* `device` is its folder below sysfs. */
typedef void device_visitor(const char *device, const char *modalias, void *data);

/* Visits every /bus/BUS/devices/DEVICE/modalias below `sysfs` in an order that is always the same,
 * the buses that disks hang on first. What cannot be read has just been unplugged. */
void devices_visit(const char *sysfs, device_visitor *visit, void *data);

#endif
