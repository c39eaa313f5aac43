#include "generations/esp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/path.h"

int esp_space(int esp, struct esp_space *space, struct error *error)
{
    struct statfs status;
    if (fstatfs(esp, &status) < 0)
        return error_system(error, errno, "cannot tell how much room the boot partition has");
    *space = (struct esp_space){(uint64_t)status.f_bavail * (uint64_t)status.f_bsize,
                                (uint64_t)status.f_bsize};
    return 0;
}

uint64_t esp_rounded(const struct esp_space *space, uint64_t size)
{
    return (size + space->cluster - 1) / space->cluster * space->cluster;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct esp_file *)left)->name, ((const struct esp_file *)right)->name);
}

int esp_list(struct arena *arena, int esp, const char *folder, struct esp_file **files,
             size_t *count, struct error *error)
{
    int own = path_open(esp, folder, O_RDONLY | O_DIRECTORY);
    if (own == -ENOENT)
        return 0;
    auto_dir list = own < 0 ? NULL : fdopendir(own);
    if (!list)
        return error_system(error, own < 0 ? -own : errno,
                            "cannot list \"%s\" on the boot partition", folder);
    for (struct dirent *entry; errno = 0, (entry = readdir(list));) {
        struct stat status;
        if (fstatat(own, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode))
            *ARENA_PUSH(arena, *files, *count) =
                (struct esp_file){arena_string(arena, entry->d_name), (uint64_t)status.st_size};
    }
    if (errno)
        return error_system(error, errno, "cannot list \"%s\" on the boot partition", folder);
    if (*count)
        qsort(*files, *count, sizeof(**files), by_name);
    return 0;
}

int esp_lock(int esp, struct error *error)
{
    if (flock(esp, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK
               ? error_set(error, EBUSY,
                           "another ebb writes to the boot partition; wait until it is done")
               : error_system(error, errno, "cannot lock the boot partition");
}

int esp_read_back(int folder, const char *name, const void *data, size_t length)
{
    char found[65536];
    auto_fd fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* then it is only proved as it was */
    for (size_t at = 0;;) {
        ssize_t got = read(fd, found, sizeof(found));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return at == length ? 0 : -EIO;
        if ((size_t)got > length - at || memcmp((const char *)data + at, found, (size_t)got) != 0)
            return -EIO;
        at += (size_t)got;
    }
}

static int put(int folder, const char *name, const char *unfinished, const void *data,
               size_t length)
{
    (void)unlinkat(folder, unfinished, 0); /* left by a power cut, if anything */
    auto_fd fd =
        openat(folder, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int code = path_write_all(fd, data, length);
    if (code == 0 && fsync(fd) < 0)
        code = -errno;
    if (code == 0)
        code = esp_read_back(folder, unfinished, data, length);
    if (code == 0 && renameat(folder, unfinished, folder, name) < 0)
        code = -errno;
    if (code == 0 && (fsync(fd) < 0 || fsync(folder) < 0))
        code = -errno;
    if (code < 0)
        (void)unlinkat(folder, unfinished, 0); /* the first failure is the one to report */
    return code;
}

int esp_put(int esp, const char *path, const void *data, size_t length, struct error *error)
{
    char unfinished[NAME_MAX + 1];
    const char *name;
    auto_fd parent = -1;
    int code = path_make_parent(esp, path, &parent, &name, error);
    if (code < 0)
        return error_prefix(error, "the boot partition");
    auto_fd folder = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return error_system(error, errno, "cannot open the folder of \"%s\"", path);
    snprintf(unfinished, sizeof(unfinished), "%s" ESP_UNFINISHED, name);
    code = put(folder, name, unfinished, data, length);
    if (code == -EIO)
        return error_set(error, EIO,
                         "\"%s\" was written to the boot partition and does not come back the "
                         "same; check the partition with fsck.vfat, or replace the disk",
                         path);
    return code < 0 ? error_system(error, -code, "cannot write \"%s\" to the boot partition", path)
                    : 0;
}

int esp_remove(int esp, const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX];
    snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
    auto_fd folder = path_open(esp, parent, O_RDONLY | O_DIRECTORY);
    if (folder == -ENOENT)
        return 0;
    if (folder < 0 || (unlinkat(folder, slash + 1, 0) < 0 && errno != ENOENT))
        return error_system(error, folder < 0 ? -folder : errno,
                            "cannot remove \"%s\" from the boot partition", path);
    return fsync(folder) < 0
               ? error_system(error, errno, "cannot write the folder of \"%s\" to the disk", path)
               : 0;
}

int esp_sync(int esp, struct error *error)
{
    return syncfs(esp) < 0
               ? error_system(error, errno, "cannot write the boot partition to its disk")
               : 0;
}
