#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/copying.h"
#include "base/memory.h"
#include "base/path.h"

/* Every attribute of `one` is one of `other`, and the same. */
static bool has_attributes(int other, int one)
{
    char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX], same[XATTR_SIZE_MAX];
    ssize_t length = flistxattr(one, names, sizeof(names));
    for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
        ssize_t size = fgetxattr(one, name, value, sizeof(value));
        if (size < 0 || fgetxattr(other, name, same, sizeof(same)) != size ||
            memcmp(value, same, (size_t)size) != 0)
            return false;
    }
    return length >= 0 || errno == ENOTSUP;
}

static bool has_same_attributes(int one, int other)
{
    return has_attributes(one, other) && has_attributes(other, one);
}

/* Some file systems keep no parts of a second. */
static bool is_same_time(struct timespec time, struct timespec kept)
{
    return time.tv_sec == kept.tv_sec && (time.tv_nsec == kept.tv_nsec || kept.tv_nsec == 0);
}

static bool is_owned_alike(const struct stat *one, const struct stat *other)
{
    return one->st_mode == other->st_mode && one->st_uid == other->st_uid &&
           one->st_gid == other->st_gid;
}

static bool looks_same(int folder, const struct thing *thing, const struct stat *kept)
{
    const struct stat *status = &thing->status;
    if (!is_owned_alike(status, kept) || !is_same_time(status->st_mtim, kept->st_mtim))
        return false;
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        return status->st_rdev == kept->st_rdev;
    if (status->st_size != kept->st_size)
        return false;
    if (!S_ISREG(status->st_mode))
        return true;
    auto_fd fd = openat(folder, thing->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 && has_same_attributes(thing->fd, fd);
}

/* A file of the earlier copy stays for one file of the source: two that were one then, and are not
 * any more, must not share it. */
static bool claim(struct copy *copy, const struct stat *kept)
{
    if (kept->st_nlink < 2)
        return true;
    if (copy_find_link(&copy->claimed, kept))
        return false;
    copy_add_link(&copy->claimed, kept, "");
    return true;
}

static int remove_other(struct copy *copy, int folder, const char *name)
{
    copy->different++;
    int code = path_remove_at(folder, name);
    if (code == 0)
        return 0;
    errno = -code;
    return copy_fail(copy, "remove the old");
}

int refresh_settle(struct copy *copy, int folder, const struct thing *thing,
                   const struct link *link)
{
    struct stat kept, first;
    if (fstatat(folder, thing->name, &kept, AT_SYMLINK_NOFOLLOW) < 0) {
        copy->different++;
        return errno == ENOENT ? 0 : copy_fail(copy, "look at the old");
    }
    if (S_ISDIR(thing->status.st_mode) && S_ISDIR(kept.st_mode))
        return 0;
    bool same = false;
    if (link)
        same = fstatat(copy->target, link->path, &first, AT_SYMLINK_NOFOLLOW) == 0 &&
               copy_is_same(&first, &kept);
    else
        same = looks_same(folder, thing, &kept) && claim(copy, &kept);
    return same ? 1 : remove_other(copy, folder, thing->name);
}

int refresh_folder(struct copy *copy, int from, int to, const struct stat *status)
{
    struct stat kept;
    char names[XATTR_LIST_MAX];
    if (fstat(to, &kept) < 0)
        return copy_fail(copy, "look at the old");
    copy->different += !is_owned_alike(status, &kept) || !has_same_attributes(from, to);
    /* Which also keeps what is made in it from inheriting an ACL. */
    ssize_t length = flistxattr(to, names, sizeof(names));
    for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1)
        (void)fremovexattr(to, name); /* some cannot go, and are set anew */
    return 0;
}

int refresh_prune(struct copy *copy, int from, int to)
{
    struct stat status;
    int own = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = own < 0 ? NULL : fdopendir(own);
    if (!folder)
        return copy_fail(copy, "list the old");
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (from >= 0 &&
            (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT))
            continue;
        int code = remove_other(copy, to, name);
        if (code < 0)
            return code;
    }
    return errno ? copy_fail(copy, "list the old") : 0;
}
