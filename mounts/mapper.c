#include "mounts/mapper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "mounts/sysfs.h"

static const char record[] = "E:DM_UDEV_PRIMARY_SOURCE_FLAG=1\n";

static int write_record(const char *number, struct error *error)
{
    char path[100];
    if ((mkdir("/run/udev", 0755) < 0 && errno != EEXIST) ||
        (mkdir("/run/udev/data", 0755) < 0 && errno != EEXIST))
        return error_system(error, errno, "cannot make \"/run/udev/data\"");
    snprintf(path, sizeof(path), "/run/udev/data/b%.20s", number);
    return access(path, F_OK) == 0
               ? 0
               : path_write(AT_FDCWD, path, record, strlen(record), 0644, error);
}

/* libdevmapper makes a node of its own; udev has a link there. */
static int make_link(const char *device, const char *name, struct error *error)
{
    char path[300], target[300], next[300];
    struct stat status;
    snprintf(path, sizeof(path), "/dev/mapper/%.200s", name);
    snprintf(next, sizeof(next), "/dev/mapper/.%.200s", name);
    snprintf(target, sizeof(target), "../%.200s", device);
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        return 0;
    (void)unlink(next); /* of an earlier attempt, rarely there */
    if (symlink(target, next) < 0 || rename(next, path) < 0)
        return error_system(error, errno, "cannot make the link \"%s\"", path);
    return 0;
}

void mapper_record(void)
{
    auto_dir folder = opendir("/sys/class/block");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char name[200], number[40];
        struct error error;
        const char *device = entry->d_name;
        if (strncmp(device, "dm-", 3) != 0 ||
            !sysfs_line(name, sizeof(name), "/sys/class/block/%s/dm/name", device) ||
            !sysfs_line(number, sizeof(number), "/sys/class/block/%s/dev", device))
            continue;
        if (write_record(number, &error) < 0 || make_link(device, name, &error) < 0)
            log_warning("ignoring, but udev may not accept \"%s\": %s", name, error.text);
    }
}
