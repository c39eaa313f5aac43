#include "generations/size.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/btrfs.h"
#include "base/memory.h"

/* A file of several names, and how many of them were met. */
struct inode {
    dev_t device;
    ino_t number;
    nlink_t met;
};

struct count {
    void *inodes; /* a tsearch tree of struct inode */
    struct generation_size size;
};

static int by_number(const void *left, const void *right)
{
    const struct inode *a = left, *b = right;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return a->number == b->number ? 0 : a->number < b->number ? -1 : 1;
}

static struct inode *find(struct count *count, const struct stat *status)
{
    struct inode *inode = malloc(sizeof(*inode));
    if (!inode)
        memory_exhausted();
    *inode = (struct inode){status->st_dev, status->st_ino, 0};
    struct inode **known = tsearch(inode, &count->inodes, by_number);
    if (!known)
        memory_exhausted();
    if (*known != inode)
        free(inode);
    return *known;
}

static void count_file(struct count *count, const struct stat *status)
{
    uint64_t bytes = (uint64_t)status->st_blocks * 512;
    if (status->st_nlink < 2) {
        count->size.own += bytes;
        return;
    }
    struct inode *inode = find(count, status);
    if (inode->met++ == 0)
        count->size.shared += bytes;
    if (inode->met != status->st_nlink)
        return;
    count->size.shared -= bytes;
    count->size.own += bytes;
}

/* What is mounted in a generation is none of it, but a subvolume is. */
static bool is_elsewhere(int fd, const struct stat *status, dev_t device)
{
    struct btrfs_subvolume subvolume;
    return status->st_dev != device && btrfs_look(fd, &subvolume) < 0;
}

static int count_folder(struct count *count, int parent, const char *name, dev_t device)
{
    struct stat status;
    int own = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_dir folder = own < 0 ? NULL : fdopendir(own);
    if (!folder || fstat(own, &status) < 0)
        return -errno;
    if (is_elsewhere(own, &status, device))
        return 0;
    count->size.own += (uint64_t)status.st_blocks * 512;
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        struct stat found;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(own, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) < 0)
            return -errno;
        int code = 0;
        if (S_ISDIR(found.st_mode))
            code = count_folder(count, own, entry->d_name, status.st_dev);
        else
            count_file(count, &found);
        if (code < 0)
            return code;
    }
    return -errno;
}

int generation_size(int store, const unsigned *numbers, size_t many, struct generation_size *size,
                    struct error *error)
{
    struct count count = {0};
    struct stat top;
    int code = fstat(store, &top) < 0 ? -errno : 0;
    for (size_t i = 0; code == 0 && i < many; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%u", numbers[i]);
        code = count_folder(&count, store, name, top.st_dev);
        if (code < 0)
            error_set(error, -code, "cannot look through generation %u: %s%s", numbers[i],
                      strerror(-code), code == -EACCES ? "; run it as root" : "");
    }
    tdestroy(count.inodes, free);
    if (code == 0)
        *size = count.size;
    return code;
}
