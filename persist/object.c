#include "persist/object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/memory.h"
#include "base/path.h"

/* The name under which an object is made before it is complete. */
static const char unfinished[] = ".ebb-new";

void object_close(const struct object *object)
{
    memory_close_fd(&object->fd);
}

/* The folder above `path`; -ENOENT if there is none. */
static int open_folder_of(int top, const char *path, struct error *error)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", path);
    *strrchr(parent, '/') = '\0';
    int fd = path_open(top, parent, O_PATH | O_DIRECTORY);
    if (fd == -ENOENT)
        return -ENOENT;
    if (fd == -ELOOP)
        return error_set(error, ELOOP,
                         "\"%s\" leads through a symbolic link; replace the link, or name the "
                         "folder itself",
                         path);
    return fd < 0 ? error_system(error, -fd, "cannot open the folder of \"%s\"", path) : fd;
}

/* The descriptor again, to read from: the name could mean something else by now. */
static int reopen(int fd)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int object_find(int top, const char *path, struct object *object, struct error *error)
{
    struct object found = {.fd = -1, .top = top, .path = path};
    auto_fd folder = open_folder_of(top, path, error);
    if (folder < 0)
        return folder;
    auto_fd fd = path_open(folder, strrchr(path, '/') + 1, O_PATH | O_NOFOLLOW);
    if (fd == -ENOENT)
        return -ENOENT;
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s\"", path);
    if (fstat(folder, &found.folder) < 0 || fstat(fd, &found.status) < 0)
        return error_system(error, errno, "cannot look at \"%s\"", path);
    if (!S_ISREG(found.status.st_mode) && !S_ISLNK(found.status.st_mode))
        return error_set(error, S_ISDIR(found.status.st_mode) ? EISDIR : EINVAL,
                         "\"%s\" is declared as a file, but it is %s; declare it as it is, or move "
                         "it away",
                         path, S_ISDIR(found.status.st_mode) ? "a folder" : "something else");
    found.fd = S_ISREG(found.status.st_mode) ? reopen(fd) : TAKE_FD(fd);
    if (found.fd < 0)
        return error_system(error, errno, "cannot read \"%s\"", path);
    *object = found;
    return 0;
}

static bool same_content(int one, int other)
{
    char left[16384], right[sizeof(left)];
    for (off_t at = 0;;) {
        ssize_t length = pread(one, left, sizeof(left), at), rest = 0;
        while (rest < length) { /* a read may be short at either end */
            ssize_t got = pread(other, right + rest, (size_t)(length - rest), at + rest);
            if (got <= 0)
                return false;
            rest += got;
        }
        if (length < 0 || memcmp(left, right, (size_t)length) != 0)
            return false;
        if (length == 0)
            return true;
        at += length;
    }
}

static bool same_text(int one, int other)
{
    char left[PATH_MAX], right[PATH_MAX];
    ssize_t length = readlinkat(one, "", left, sizeof(left));
    return length >= 0 && readlinkat(other, "", right, sizeof(right)) == length &&
           memcmp(left, right, (size_t)length) == 0;
}

/* Whether each attribute of `one` is one of `other`, but for those of users if `tolerant`. */
static bool has_attributes(int one, int other, bool tolerant)
{
    char names[8192], value[4096], second[sizeof(value)];
    ssize_t length = flistxattr(one, names, sizeof(names));
    for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
        ssize_t size = fgetxattr(one, name, value, sizeof(value));
        ssize_t found = fgetxattr(other, name, second, sizeof(second));
        if (tolerant && found < 0 && strncmp(name, "user.", 5) == 0)
            continue;
        if (size < 0 || found != size || memcmp(value, second, (size_t)size) != 0)
            return false;
    }
    return true;
}

bool object_same(const struct object *target, const struct object *kept)
{
    const struct stat *a = &target->status, *b = &kept->status;
    if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid ||
        a->st_size != b->st_size)
        return false;
    if (S_ISLNK(a->st_mode))
        return same_text(target->fd, kept->fd);
    /* A root in memory may be unable to hold attributes of users (before Linux 6.6), so that what
     * is kept has more of them means nothing. */
    return has_attributes(target->fd, kept->fd, false) &&
           has_attributes(kept->fd, target->fd, true) && same_content(target->fd, kept->fd);
}

static bool same_time(struct timespec one, struct timespec other)
{
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

static int make_file(const struct object *object, int folder, const char *path, bool lasting,
                     struct error *error)
{
    struct stat now;
    auto_fd fd =
        openat(folder, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_system(error, errno, "cannot write \"%s\"", path);
    int code = copy_open_file(object->fd, fd, error);
    if (code < 0) /* it knows no names */
        return error_system(error, -code, "cannot write \"%s\"", path);
    if (lasting && fsync(fd) < 0)
        return error_system(error, errno, "cannot write \"%s\"", path);
    if (fstat(object->fd, &now) < 0 || now.st_size != object->status.st_size ||
        !same_time(now.st_mtim, object->status.st_mtim) ||
        !same_time(now.st_ctim, object->status.st_ctim))
        return error_set(error, EBUSY, "\"%s\" is being written to", path);
    return 0;
}

static int make_link(const struct object *object, int folder, const char *path, struct error *error)
{
    char text[PATH_MAX];
    ssize_t length = readlinkat(object->fd, "", text, sizeof(text) - 1);
    if (length < 0)
        return error_system(error, errno, "cannot read the link \"%s\"", path);
    text[length] = '\0';
    if (symlinkat(text, folder, unfinished) < 0 ||
        fchownat(folder, unfinished, object->status.st_uid, object->status.st_gid,
                 AT_SYMLINK_NOFOLLOW) < 0)
        return error_system(error, errno, "cannot make the link \"%s\"", path);
    return 0;
}

static const char *remedy(int code)
{
    return code == ENOSPC || code == EDQUOT ? "; free some space there"
           : code == EROFS                  ? "; mount it writable"
           : code == EEXIST                 ? "; remove \".ebb-new\" beside it"
           : code == EISDIR                 ? "; declare it as it is, or move it away"
                                            : "";
}

/* Makes the folder that is the first `length` bytes of `path` what `model` is; complete before it
 * has its name. */
static int make_folder(int top, const char *path, size_t length, const struct stat *model,
                       struct error *error)
{
    char whole[PATH_MAX];
    const char *name;
    auto_fd parent = -1;
    snprintf(whole, sizeof(whole), "%.*s", (int)length, path);
    int code = path_make_parent(top, whole, &parent, &name, error);
    if (code < 0)
        return code;
    (void)unlinkat(parent, unfinished, 0);            /* left by a power cut, */
    (void)unlinkat(parent, unfinished, AT_REMOVEDIR); /* whichever it was */
    auto_fd fd = -1;
    if (mkdirat(parent, unfinished, 0700) == 0)
        fd = openat(parent, unfinished, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fchown(fd, model->st_uid, model->st_gid) == 0 &&
        fchmod(fd, model->st_mode & 07777) == 0 &&
        renameat2(parent, unfinished, parent, name, RENAME_NOREPLACE) == 0)
        return 0;
    code = error_system(error, errno, "cannot make the folder \"%s\"", whole);
    (void)unlinkat(parent, unfinished, AT_REMOVEDIR); /* the first failure is the one to report */
    return code;
}

static int make_folders(const struct object *object, int top, const char *path, struct error *error)
{
    size_t theirs = strlen(object->path), own = strlen(path);
    for (size_t at = 1; at < own; at++) {
        size_t rest = own - at;
        if (path[at] != '/' || rest > theirs ||
            strcmp(path + at, object->path + theirs - rest) != 0)
            continue;
        char folder[PATH_MAX], model[PATH_MAX];
        struct stat status;
        snprintf(folder, sizeof(folder), "%.*s", (int)at, path);
        snprintf(model, sizeof(model), "%.*s", (int)(theirs - rest), object->path);
        auto_fd there = path_open(top, folder, O_PATH | O_DIRECTORY);
        if (there != -ENOENT)
            continue; /* if it is anything else, path_make_parent says what */
        auto_fd like = path_open(object->top, model, O_PATH | O_DIRECTORY);
        if (like < 0 || fstat(like, &status) < 0)
            continue; /* renamed meanwhile */
        int code = make_folder(top, path, at, &status, error);
        if (code < 0)
            return code;
    }
    return 0;
}

int object_write(const struct object *object, int top, const char *path, bool lasting,
                 struct error *error)
{
    const char *name;
    auto_fd parent = -1;
    int code = make_folders(object, top, path, error);
    if (code < 0)
        return code;
    code = path_make_parent(top, path, &parent, &name, error);
    if (code < 0)
        return code;
    (void)unlinkat(parent, unfinished, 0); /* left by a power cut, if anything */
    code = S_ISLNK(object->status.st_mode) ? make_link(object, parent, path, error)
                                           : make_file(object, parent, path, lasting, error);
    if (code == 0 && renameat(parent, unfinished, parent, name) < 0)
        code = error_system(error, errno, "cannot replace \"%s\"", path);
    if (code < 0) {
        (void)unlinkat(parent, unfinished, 0); /* the first failure is the one to report */
        size_t length = strlen(error->text);
        snprintf(error->text + length, sizeof(error->text) - length, "%s", remedy(error->code));
        return code;
    }
    auto_fd folder = lasting ? path_open(parent, ".", O_RDONLY | O_DIRECTORY) : -1;
    if (lasting && (folder < 0 || fsync(folder) < 0))
        return error_system(error, errno, "cannot keep the name of \"%s\"", path);
    return 0;
}
