#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/copying.h"

enum {
    BLOCK = 128 << 10,
    STRETCH = 8 << 20, /* of a large file, before somebody is told */
};

void copy_tell(struct copy *copy, uint64_t done)
{
    if (copy->progress)
        copy->progress->tell(copy->progress, copy->files, copy->bytes + done);
}

/* Owner before mode, because a change of owner clears set-user-ID; times last of all. */
int copy_attributes(struct copy *copy, int from, int to, const struct stat *status)
{
    char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
    ssize_t length = flistxattr(from, names, sizeof(names));
    if (fchown(to, status->st_uid, status->st_gid) < 0)
        return copy_fail(copy, "give the owner to");
    if (fchmod(to, status->st_mode & 07777) < 0)
        return copy_fail(copy, "give the mode to");
    if (length < 0 && errno != ENOTSUP)
        return copy_fail(copy, "list the extended attributes of");
    for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
        ssize_t size = fgetxattr(from, name, value, sizeof(value));
        if (size < 0 && errno == ENODATA && copy->live)
            continue;
        if (size < 0)
            return copy_fail(copy, "read an extended attribute of");
        /* A memory file system keeps fewer kinds of attributes than a disk; what it cannot hold
         * (user.* before Linux 6.6) is no reason not to boot. */
        if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP && errno != EPERM)
            return copy_fail(copy, "set an extended attribute of");
    }
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    return futimens(to, times) < 0 ? copy_fail(copy, "set the times of") : 0;
}

/* Whether the kernel will never do this between these two file systems. */
static bool is_refused(int code)
{
    return code == EXDEV || code == EOPNOTSUPP || code == ENOTTY || code == ENOSYS;
}

/* By hand, between two file systems. */
static ssize_t copy_some(struct copy *copy, int from, int to, off_t at, size_t length)
{
    char buffer[BLOCK];
    ssize_t done = pread(from, buffer, length < BLOCK ? length : BLOCK, at);
    if (done < 0)
        return copy_fail(copy, "read");
    /* A file system that fills up takes a part first, and only then says why not the rest; the
     * rest is read again. */
    if (done > 0)
        done = pwrite(to, buffer, (size_t)done, at);
    return done < 0 ? copy_fail(copy, "write") : done;
}

/* The bytes between two offsets, by whichever way the kernel offers. */
static int copy_range(struct copy *copy, int from, int to, off_t start, off_t end)
{
    for (off_t told = start; start < end;) {
        size_t length = end - start < STRETCH ? (size_t)(end - start) : STRETCH;
        off_t in = start, out = start;
        ssize_t done = copy->by_hand ? 0 : copy_file_range(from, &in, to, &out, length, 0);
        if (done < 0 && !is_refused(errno) && errno != EINVAL)
            return copy_fail(copy, "copy");
        copy->by_hand |= done < 0 && is_refused(errno);
        if (done <= 0)
            done = copy_some(copy, from, to, start, length);
        if (done <= 0)
            return (int)done; /* 0: it became shorter meanwhile */
        start += done;
        if (start - told >= STRETCH) {
            copy_tell(copy, (uint64_t)start);
            told = start;
        }
    }
    return 0;
}

static int copy_around_holes(struct copy *copy, int from, int to, off_t size)
{
    for (off_t data = 0; data < size;) {
        data = lseek(from, data, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            break; /* only a hole is left */
        off_t hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
        if (data < 0)
            data = 0; /* a file system without holes */
        int code = copy_range(copy, from, to, data, hole < 0 ? size : hole);
        if (code < 0)
            return code;
        data = hole < 0 ? size : hole;
    }
    return ftruncate(to, size) < 0 ? copy_fail(copy, "set the size of") : 0;
}

int copy_contents(struct copy *copy, int from, int to, const struct stat *status)
{
    if (!copy->no_clones && status->st_size > 0) {
        if (ioctl(to, FICLONE, from) == 0)
            return 0;
        copy->no_clones = is_refused(errno);
    }
    if (status->st_blocks >= (status->st_size + 511) / 512) /* the unit of st_blocks */
        return copy_range(copy, from, to, 0, status->st_size);
    return copy_around_holes(copy, from, to, status->st_size);
}
