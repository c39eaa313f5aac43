/* Machines that firmware and a boot loader boot from the partition that `ebb boot` wrote. */
#ifndef EBB_QEMU_TESTS_ENTRIES_H
#define EBB_QEMU_TESTS_ENTRIES_H

#include "qemu-tests/scene.h"

/* The declaration, with more kernel parameters, and more options of `boot`. */
#define ENTRIES_WITH(options, more)                                                                \
    "volume esp LABEL=EBB-ESP { fs vfat; mount /boot/efi; }\n" SCENE_STATE                         \
    "root overlay size=60%\nboot esp:/ options=\"console=ttyS0 cgroup.memory=nokmem "              \
    "no_timer_check panic=5" options "\"" more "\nmodule efivarfs\n" SCENE_REST
/* The images that are built inside have the agent, as the one outside has. */
#define ENTRIES_AGENT                                                                              \
    "module virtio_console\nhook before-switch /usr/lib/ebb/ebb-agent timeout=1min failure=warn\n"

#define ENTRIES_VARIABLES "/sys/firmware/efi/efivars/"
#define ENTRIES_LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* A Debian with a kernel in its tree; it is not made yet. */
struct scene *entries_scene(const char *name);
/* The same with the system in this folder, which may have kernels already. */
struct scene *entries_scene_of(const char *name, const char *system);
/* Boots, and it is this one of our entries that systemd-boot has taken. */
void entries_boot_by(struct scene *scene, const char *entry);
/* Makes generation 2, with the kernel in /opt and the modules there. */
void entries_change_kernel(struct scene *scene);
/* Where no EFI variable can be set, the loader counts the trial of generation 2, which has this
 * kernel: it is booted once, whatever becomes of it, and systemd does not say that it is good. The
 * machine is back then. */
void entries_count_trial(struct scene *scene, const char *kernel);

#endif
