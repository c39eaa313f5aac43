#include "persist/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum { BLOCK = 32768 };

/* 1: the contents differ; 0: they do not; -errno. */
static int compare_files(int left, int right, const char *name)
{
    char first[BLOCK], second[BLOCK];
    static const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    auto_fd one = openat(left, name, flags);
    if (one < 0)
        return -errno;
    auto_fd other = openat(right, name, flags);
    if (other < 0)
        return -errno;
    for (off_t at = 0;;) {
        ssize_t length = pread(one, first, BLOCK, at), same = 0;
        if (length >= 0)
            same = pread(other, second, BLOCK, at);
        if (length < 0 || same < 0)
            return -errno;
        if (length != same || memcmp(first, second, (size_t)length) != 0)
            return 1;
        if (length == 0)
            return 0;
        at += length;
    }
}

static int compare_links(int left, int right, const char *name)
{
    char one[PATH_MAX], other[PATH_MAX];
    ssize_t length = readlinkat(left, name, one, sizeof(one)), same = 0;
    if (length >= 0)
        same = readlinkat(right, name, other, sizeof(other));
    if (length < 0 || same < 0)
        return -errno;
    return length != same || memcmp(one, other, (size_t)length) != 0;
}

int compare_things(int left, const struct stat *status, int right, const struct stat *origin,
                   const char *name)
{
    if (status->st_mode != origin->st_mode || status->st_uid != origin->st_uid ||
        status->st_gid != origin->st_gid)
        return 1;
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        return status->st_rdev != origin->st_rdev;
    if (!S_ISREG(status->st_mode) && !S_ISLNK(status->st_mode))
        return 0;
    if (status->st_size != origin->st_size)
        return 1;
    if (status->st_mtim.tv_sec == origin->st_mtim.tv_sec &&
        status->st_mtim.tv_nsec == origin->st_mtim.tv_nsec)
        return 0;
    return S_ISREG(status->st_mode) ? compare_files(left, right, name)
                                    : compare_links(left, right, name);
}
