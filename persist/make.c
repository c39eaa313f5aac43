#include "persist/make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/btrfs.h"

static const char unfinished[] = ".ebb-new";

int make_begin(int parent, int kind)
{
    int code = path_remove_at(parent, unfinished);
    if (code < 0)
        return code;
    if (kind == PERSIST_FILE)
        code =
            openat(parent, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    else if (mkdirat(parent, unfinished, 0700) == 0)
        return path_open(parent, unfinished, O_RDONLY | O_DIRECTORY);
    else
        code = -1;
    return code < 0 ? -errno : code;
}

int make_begin_store(int parent)
{
    auto_fd folder = path_open(parent, ".", O_RDONLY | O_DIRECTORY);
    int code = folder < 0 ? folder : path_remove_at(parent, unfinished);
    if (code == 0)
        code = btrfs_make(folder, unfinished, -1);
    return code == 0         ? path_open(parent, unfinished, O_RDONLY | O_DIRECTORY)
           : code == -ENOTTY ? make_begin(parent, PERSIST_DIR)
                             : code;
}

static int finish(int parent, int fd, const char *name, const struct made *made)
{
    /* Owner before mode, because a change of owner clears set-user-ID. */
    if (fchown(fd, made->user, made->group) < 0 ||
        (made->mode != MAKE_ANY_MODE && fchmod(fd, (mode_t)made->mode) < 0) ||
        (made->whole_volume ? syncfs(fd) : fsync(fd)) < 0 ||
        renameat2(parent, unfinished, parent, name, RENAME_NOREPLACE) < 0)
        return -errno;
    /* The folder may be a user's, who gave the name to something else. */
    struct stat wanted, named;
    if (fstat(fd, &wanted) < 0 || fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (wanted.st_dev != named.st_dev || wanted.st_ino != named.st_ino)
        return -ESTALE;
    /* Its name must be on the disk before anything is written into it. */
    auto_fd folder = path_open(parent, ".", O_RDONLY | O_DIRECTORY);
    return folder < 0 ? folder : fsync(folder) < 0 ? -errno : 0;
}

int make_end(int parent, int fd, const char *name, const struct made *made)
{
    int code = finish(parent, fd, name, made);
    if (code < 0)
        make_undo(parent);
    return code;
}

void make_undo(int parent)
{
    (void)path_remove_at(parent, unfinished); /* what stays is removed the next time */
}
