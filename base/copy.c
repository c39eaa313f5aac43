#include "base/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

/* An inode with several names, and the first of them in the copy. */
struct link {
    dev_t device;
    ino_t inode;
    char *path;
};

struct copy {
    int target; /* the top of the copy; the paths of links begin here */
    dev_t device;
    struct stat top;     /* of the target: inside the source it would be copied into itself */
    void *links;         /* a tsearch tree of struct link */
    char path[PATH_MAX]; /* of the thing being copied, for messages and links */
    struct error *error;
};

static int by_inode(const void *left, const void *right)
{
    const struct link *a = left, *b = right;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return a->inode == b->inode ? 0 : a->inode < b->inode ? -1 : 1;
}

static void free_link(void *node)
{
    struct link *link = node;
    free(link->path);
    free(link);
}

static int fail(struct copy *copy, const char *what)
{
    return error_system(copy->error, errno, "cannot %s \"%s\"", what,
                        *copy->path ? copy->path : ".");
}

/* Owner before mode, because a change of owner clears set-user-ID; times last of all. */
static int copy_attributes(struct copy *copy, int from, int to, const struct stat *status)
{
    char names[8192], value[65536];
    ssize_t length = flistxattr(from, names, sizeof(names));
    if (fchown(to, status->st_uid, status->st_gid) < 0)
        return fail(copy, "give the owner to");
    if (fchmod(to, status->st_mode & 07777) < 0)
        return fail(copy, "give the mode to");
    if (length < 0 && errno != ENOTSUP)
        return fail(copy, "list the extended attributes of");
    for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
        ssize_t size = fgetxattr(from, name, value, sizeof(value));
        if (size < 0)
            return fail(copy, "read an extended attribute of");
        /* A memory file system keeps fewer kinds of attributes than a disk; what it cannot hold
         * (user.* before Linux 6.6) is no reason not to boot. */
        if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP && errno != EPERM)
            return fail(copy, "set an extended attribute of");
    }
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    return futimens(to, times) < 0 ? fail(copy, "set the times of") : 0;
}

/* The bytes between two offsets, by whichever way the kernel offers. */
static int copy_range(struct copy *copy, int from, int to, off_t start, off_t end)
{
    char buffer[65536];
    off_t out = start;
    while (start < end) {
        ssize_t done = copy_file_range(from, &start, to, &out, (size_t)(end - start), 0);
        if (done > 0)
            continue;
        if (done < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
            return fail(copy, "copy");
        size_t length = sizeof(buffer); /* between two file systems, by hand */
        if (end - start < (off_t)length)
            length = (size_t)(end - start);
        done = pread(from, buffer, length, start);
        if (done < 0)
            return fail(copy, "read");
        if (done == 0)
            break; /* it became shorter meanwhile */
        /* A file system that fills up takes a part first, and only then says why not the rest;
         * the rest is read again. */
        done = pwrite(to, buffer, (size_t)done, out);
        if (done < 0)
            return fail(copy, "write");
        start += done;
        out += done;
    }
    return 0;
}

static int copy_contents(struct copy *copy, int from, int to, off_t size)
{
    if (ioctl(to, FICLONE, from) == 0)
        return 0;
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
    return ftruncate(to, size) < 0 ? fail(copy, "set the size of") : 0;
}

static int copy_file(struct copy *copy, int from_folder, int to_folder, const char *name,
                     const struct stat *status)
{
    auto_fd from = openat(from_folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0)
        return fail(copy, "read");
    auto_fd to =
        openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return fail(copy, "make");
    int code = copy_contents(copy, from, to, status->st_size);
    return code < 0 ? code : copy_attributes(copy, from, to, status);
}

/* For what cannot be opened: links and nodes. */
static int copy_owner(struct copy *copy, int folder, const char *name, const struct stat *status)
{
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (fchownat(folder, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(copy, "give the owner to");
    if (utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(copy, "set the times of");
    return 0;
}

static int copy_symlink(struct copy *copy, int from_folder, int to_folder, const char *name,
                        const struct stat *status)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(from_folder, name, target, sizeof(target) - 1);
    if (length < 0)
        return fail(copy, "read the link");
    target[length] = '\0';
    if (symlinkat(target, to_folder, name) < 0)
        return fail(copy, "make the link");
    return copy_owner(copy, to_folder, name, status);
}

static int copy_node(struct copy *copy, int to_folder, const char *name, const struct stat *status)
{
    if (mknodat(to_folder, name, status->st_mode, status->st_rdev) < 0)
        return fail(copy, "make the node");
    int code = copy_owner(copy, to_folder, name, status);
    if (code == 0 && fchmodat(to_folder, name, status->st_mode & 07777, 0) < 0)
        return fail(copy, "give the mode to");
    return code;
}

/* Makes `name` another name of a file that was copied before: 1 if so, 0 if it is the first. */
static int copy_link(struct copy *copy, int to_folder, const char *name, const struct stat *status)
{
    struct link key = {status->st_dev, status->st_ino, NULL};
    struct link **known = tfind(&key, &copy->links, by_inode);
    if (known) {
        if (linkat(copy->target, (*known)->path, to_folder, name, 0) < 0)
            return fail(copy, "make the hard link");
        return 1;
    }
    struct link *link = malloc(sizeof(*link));
    if (!link)
        memory_exhausted();
    *link = (struct link){status->st_dev, status->st_ino, strdup(copy->path)};
    if (!link->path || !tsearch(link, &copy->links, by_inode))
        memory_exhausted();
    return 0;
}

static bool is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static int refuse_itself(struct error *error)
{
    return error_set(error, EINVAL,
                     "the tree contains the place it is copied to; copy it to another volume");
}

int copy_check(int source, int target, struct error *error)
{
    struct stat tree, here, below = {0};
    auto_fd folder = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fstat(source, &tree) < 0 || fstat(folder, &here) < 0)
        return error_system(error, errno, "cannot look at the folder to copy");
    /* Upwards, to the top of the file system, which is as far as a copy comes down, or of all. */
    while (here.st_dev == tree.st_dev && !is_same(&here, &below)) {
        if (is_same(&here, &tree))
            return refuse_itself(error);
        below = here;
        auto_fd parent = openat(folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0 || fstat(parent, &here) < 0)
            return 0; /* not to be seen from here: the copy will notice */
        close(folder);
        folder = TAKE_FD(parent);
    }
    return 0;
}

static int copy_folder(struct copy *copy, int from, int to);

static int copy_subfolder(struct copy *copy, int from_folder, int to_folder, const char *name,
                          const struct stat *status)
{
    bool entered = status->st_dev == copy->device;
    if (entered && is_same(status, &copy->top))
        return refuse_itself(copy->error);
    bool made = mkdirat(to_folder, name, 0700) == 0;
    if (!made && errno != EEXIST)
        return fail(copy, "make the folder");
    auto_fd to = openat(to_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0 && !made && (errno == ENOTDIR || errno == ELOOP))
        errno = EEXIST; /* what is there is no folder */
    if (to < 0)
        return fail(copy, "make the folder");
    auto_fd from = openat(from_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0)
        return fail(copy, "open the folder");
    int code = entered ? copy_folder(copy, from, to) : 0;
    return code < 0 ? code : copy_attributes(copy, from, to, status);
}

static int copy_entry(struct copy *copy, int from, int to, const char *name)
{
    struct stat status;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(copy, "look at");
    if (S_ISDIR(status.st_mode))
        return copy_subfolder(copy, from, to, name, &status);
    if (status.st_nlink > 1) {
        int linked = copy_link(copy, to, name, &status);
        if (linked != 0)
            return linked < 0 ? linked : 0;
    }
    if (S_ISREG(status.st_mode))
        return copy_file(copy, from, to, name, &status);
    if (S_ISLNK(status.st_mode))
        return copy_symlink(copy, from, to, name, &status);
    return copy_node(copy, to, name, &status);
}

static int copy_folder(struct copy *copy, int from, int to)
{
    size_t length = strlen(copy->path);
    int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = own < 0 ? NULL : fdopendir(own);
    if (!folder)
        return fail(copy, "list");
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int room = (int)(sizeof(copy->path) - length);
        if (snprintf(copy->path + length, (size_t)room, "%s%s", length ? "/" : "", entry->d_name) >=
            room)
            return error_system(copy->error, ENAMETOOLONG, "cannot copy below \"%s\"", copy->path);
        int code = copy_entry(copy, from, to, entry->d_name);
        if (code < 0)
            return code;
        copy->path[length] = '\0';
    }
    return errno ? fail(copy, "list") : 0;
}

static int copy_begin(struct copy *copy, int source, struct stat *status)
{
    if (fstat(source, status) < 0 || fstat(copy->target, &copy->top) < 0)
        return error_system(copy->error, errno, "cannot look at the folder to copy");
    copy->device = status->st_dev;
    return 0;
}

int copy_tree(int source, int target, struct error *error)
{
    struct stat status;
    struct copy copy = {.target = target, .error = error};
    int code = copy_begin(&copy, source, &status);
    if (code == 0 && is_same(&status, &copy.top))
        code = refuse_itself(error);
    if (code == 0)
        code = copy_folder(&copy, source, target);
    tdestroy(copy.links, free_link);
    if (code < 0)
        return code;
    auto_fd from = openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_fd to = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0 || to < 0)
        return error_system(error, errno, "cannot open the folder to copy");
    return copy_attributes(&copy, from, to, &status);
}

int copy_named(int source, int target, const char *name, struct error *error)
{
    struct stat status;
    struct copy copy = {.target = target, .error = error};
    int code = copy_begin(&copy, source, &status);
    snprintf(copy.path, sizeof(copy.path), "%s", name);
    if (code == 0)
        code = copy_entry(&copy, source, target, name);
    tdestroy(copy.links, free_link);
    return code;
}

int copy_open_file(int source, int target, struct error *error)
{
    struct stat status;
    struct copy copy = {.target = target, .error = error};
    int code = copy_begin(&copy, source, &status);
    if (code == 0)
        code = copy_contents(&copy, source, target, status.st_size);
    return code < 0 ? code : copy_attributes(&copy, source, target, &status);
}
