#include "init/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <linux/dm-ioctl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/swap.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/memory.h"
#include "mounts/sysfs.h"

enum { LIMIT = 90 * 1000 };

struct device {
    enum { NO_LAYER, LOOP, MAPPING, ARRAY } kind;
    char node[280]; /* in /dev */
    char name[200]; /* for people */
};

static bool is_held(const char *block)
{
    char path[300];
    bool held = false;
    snprintf(path, sizeof(path), "/sys/class/block/%s/holders", block);
    auto_dir folder = opendir(path);
    for (struct dirent *entry; !held && folder && (entry = readdir(folder));)
        held = entry->d_name[0] != '.';
    return held;
}

/* What there is now: each of them tells by an attribute of its own. */
static struct device look(const char *block)
{
    struct device device = {.kind = NO_LAYER};
    char state[32];
    snprintf(device.node, sizeof(device.node), "/dev/%s", block);
    if (sysfs_line(device.name, sizeof(device.name), "/sys/class/block/%s/dm/name", block))
        device.kind = MAPPING;
    else if (sysfs_line(device.name, sizeof(device.name), "/sys/class/block/%s/loop/backing_file",
                        block))
        device.kind = LOOP;
    else if (sysfs_line(state, sizeof(state), "/sys/class/block/%s/md/array_state", block) &&
             strcmp(state, "clear") != 0)
        device.kind = ARRAY;
    if (device.kind == LOOP || device.kind == ARRAY)
        snprintf(device.name, sizeof(device.name), "%.190s", block);
    return device;
}

/* The kernel forgets the key of a container with it. */
static int remove_mapping(const struct device *device)
{
    struct dm_ioctl request = {.version = {DM_VERSION_MAJOR, 0, 0},
                               .data_size = sizeof(request),
                               .data_start = sizeof(request)};
    snprintf(request.name, sizeof(request.name), "%.127s", device->name);
    auto_fd control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
    return control < 0 || ioctl(control, DM_DEV_REMOVE, &request) < 0 ? -errno : 0;
}

static int remove_device(const void *subject)
{
    const struct device *device = subject;
    if (device->kind == MAPPING)
        return remove_mapping(device);
    auto_fd fd = open(device->node, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return ioctl(fd, device->kind == LOOP ? (unsigned long)LOOP_CLR_FD : STOP_ARRAY, 0) < 0 ? -errno
                                                                                            : 0;
}

static int end_swap(const void *path)
{
    return swapoff(path) < 0 ? -errno : 0;
}

void swaps_end(void)
{
    struct libmnt_table *table = mnt_new_table();
    struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
    if (table && place)
        (void)mnt_table_parse_swaps(table, "/proc/swaps"); /* a kernel may have none */
    for (struct libmnt_fs *fs; table && place && mnt_table_next_fs(table, place, &fs) == 0;) {
        const char *path = mnt_fs_get_source(fs);
        if (!path || strncmp(path, "/dev/zram", strlen("/dev/zram")) == 0)
            continue; /* it lies in memory */
        int code = child_call(end_swap, path, LIMIT);
        if (code < 0)
            log_warning("swapping to \"%s\" cannot be ended: %s", path, strerror(-code));
        else
            log_info("ended swapping to \"%s\"", path);
    }
    mnt_free_iter(place);
    mnt_unref_table(table);
}

unsigned detach_round(bool *progress)
{
    unsigned left = 0;
    auto_dir folder = opendir("/sys/class/block");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        struct device device = look(entry->d_name);
        if (device.kind == NO_LAYER)
            continue;
        left++;
        /* A loop device that is in use takes the order, and carries it out later. */
        if (is_held(entry->d_name) || child_call(remove_device, &device, LIMIT) < 0 ||
            look(entry->d_name).kind != NO_LAYER)
            continue;
        log_info("closed the device \"%s\"", device.name);
        left--;
        *progress = true;
    }
    return left;
}

void detach_tell(void)
{
    auto_dir folder = opendir("/sys/class/block");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        struct device device = look(entry->d_name);
        if (device.kind != NO_LAYER)
            log_warning("the device \"%s\" is still in use, so it stays open", device.name);
    }
}
