#include "tool/boot_place.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* Where the top of what is on a device is mounted; -ENOENT: nowhere. A second mount of it would
 * share what the first one was given. */
static int open_mounted(dev_t device)
{
    int fd = -ENOENT;
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
    if (!table || !place)
        memory_exhausted();
    for (struct libmnt_fs *fs; fd < 0 && mnt_table_next_fs(table, place, &fs) == 0;) {
        const char *root = mnt_fs_get_root(fs), *target = mnt_fs_get_target(fs);
        if (mnt_fs_get_devno(fs) != device || !root || strcmp(root, "/") != 0 || !target)
            continue;
        struct stat status;
        fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && fstat(fd, &status) == 0 && status.st_dev == device)
            break;
        memory_close_fd(&fd); /* something else lies over it */
        fd = -ENOENT;
    }
    mnt_free_iter(place);
    mnt_unref_table(table);
    return fd;
}

/* Nobody else sees it: it is attached to no folder. */
static int mount_alone(const char *device, const char *type, struct error *error)
{
    auto_fd context = fsopen(type, FSOPEN_CLOEXEC);
    auto_fd mounted = -1;
    if (context >= 0 && fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0) == 0 &&
        fsconfig(context, FSCONFIG_SET_FLAG, "dirsync", NULL, 0) == 0 &&
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        mounted = fsmount(context, FSMOUNT_CLOEXEC,
                          MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
    if (mounted < 0)
        return error_system(error, errno, "cannot mount the boot partition %s%s", device,
                            errno == EPERM ? " (run it as root)" : "");
    int fd = openat(mounted, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? error_system(error, errno, "cannot open the boot partition %s", device) : fd;
}

int boot_place_open(const struct config *config, const char *folder, struct error *error)
{
    const struct volume *volume = config->boot.place.volume;
    if (folder) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? error_system(error, errno, "cannot open \"%s\"", folder) : fd;
    }
    if (!volume)
        return error_set(error, ENOENT,
                         "no boot partition is declared; add `boot VOLUME:/` to ebb.conf, or name "
                         "a mounted one with --esp");
    auto_string device = blkid_evaluate_spec(volume->device, NULL);
    struct stat status;
    if (!device || stat(device, &status) < 0 || !S_ISBLK(status.st_mode))
        return error_set(error, ENODEV,
                         "there is no \"%s\", which the volume \"%s\" is declared to be; connect "
                         "the disk, or name a mounted boot partition with --esp",
                         volume->device, volume->name);
    int fd = open_mounted(status.st_rdev);
    return fd < 0 ? mount_alone(device, volume->fs.type, error) : fd;
}
