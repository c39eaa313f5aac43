#include "base/copying.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

static int by_inode(const void *left, const void *right)
{
    const struct link *a = left, *b = right;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return a->inode == b->inode ? 0 : a->inode < b->inode ? -1 : 1;
}

void copy_free_link(void *node)
{
    struct link *link = node;
    free(link->path);
    free(link);
}

struct link *copy_find_link(void *const *links, const struct stat *status)
{
    struct link key = {status->st_dev, status->st_ino, NULL};
    struct link **known = tfind(&key, links, by_inode);
    return known ? *known : NULL;
}

void copy_add_link(void **links, const struct stat *status, const char *path)
{
    struct link *link = malloc(sizeof(*link));
    if (!link)
        memory_exhausted();
    *link = (struct link){status->st_dev, status->st_ino, strdup(path)};
    if (!link->path || !tsearch(link, links, by_inode))
        memory_exhausted();
}

bool copy_is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

uint64_t copy_mount(int fd)
{
    struct statx status;
    return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0 ? 0 : status.stx_mnt_id;
}

int copy_fail(struct copy *copy, const char *what)
{
    return error_system(copy->error, errno, "cannot %s \"%s\"", what,
                        *copy->path ? copy->path : ".");
}

/* Of the source: 0 where it is in use, and the thing has gone meanwhile or another has its name. */
static int fail_to_find(struct copy *copy, const char *what)
{
    bool is_gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO ||
                   errno == EINVAL || errno == ESTALE;
    return copy->live && is_gone ? 0 : copy_fail(copy, what);
}

/* 1, or 0 if it is gone. A file or a folder is looked at when it is open: what has its name then is
 * what is copied. */
static int look(struct copy *copy, int folder, const char *name, unsigned type, struct thing *thing)
{
    *thing = (struct thing){.name = name, .fd = -1};
    if (type != DT_REG && type != DT_DIR) {
        if (fstatat(folder, name, &thing->status, AT_SYMLINK_NOFOLLOW) < 0)
            return fail_to_find(copy, "look at");
        type = IFTODT(thing->status.st_mode);
    }
    if (type != DT_REG && type != DT_DIR)
        return 1;
    /* Without waiting, should it have become a pipe. */
    thing->fd = openat(folder, name,
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
                           (type == DT_DIR ? O_DIRECTORY : 0));
    if (thing->fd < 0)
        return fail_to_find(copy, type == DT_DIR ? "open the folder" : "read");
    if (fstat(thing->fd, &thing->status) < 0)
        return copy_fail(copy, "look at");
    if (IFTODT(thing->status.st_mode) != type) {
        errno = ESTALE;
        return fail_to_find(copy, "read");
    }
    return 1;
}

static void drop(const struct thing *thing)
{
    memory_close_fd(&thing->fd);
}

static int copy_file(struct copy *copy, int folder, const struct thing *thing)
{
    auto_fd to =
        openat(folder, thing->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return copy_fail(copy, "make");
    int code = copy_contents(copy, thing->fd, to, &thing->status);
    return code < 0 ? code : copy_attributes(copy, thing->fd, to, &thing->status);
}

/* For what cannot be opened: links and nodes. */
static int copy_owner(struct copy *copy, int folder, const char *name, const struct stat *status)
{
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (fchownat(folder, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return copy_fail(copy, "give the owner to");
    if (utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return copy_fail(copy, "set the times of");
    return 0;
}

/* 1 if it is gone. */
static int copy_symlink(struct copy *copy, int from, int to, const struct thing *thing)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(from, thing->name, target, sizeof(target) - 1);
    if (length < 0) {
        int code = fail_to_find(copy, "read the link");
        return code < 0 ? code : 1;
    }
    target[length] = '\0';
    if (symlinkat(target, to, thing->name) < 0)
        return copy_fail(copy, "make the link");
    return copy_owner(copy, to, thing->name, &thing->status);
}

static int copy_node(struct copy *copy, int folder, const struct thing *thing)
{
    const struct stat *status = &thing->status;
    if (mknodat(folder, thing->name, status->st_mode, status->st_rdev) < 0)
        return copy_fail(copy, "make the node");
    int code = copy_owner(copy, folder, thing->name, status);
    if (code == 0 && fchmodat(folder, thing->name, status->st_mode & 07777, 0) < 0)
        return copy_fail(copy, "give the mode to");
    return code;
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
    while (here.st_dev == tree.st_dev && !copy_is_same(&here, &below)) {
        if (copy_is_same(&here, &tree))
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

static int copy_names(struct copy *copy, DIR *from, int to);

/* With all that is in it, but for a mount point. Takes over the thing's descriptor. */
static int copy_folder(struct copy *copy, struct thing *thing, int to, bool is_old)
{
    const struct stat *status = &thing->status;
    auto_dir from = fdopendir(thing->fd);
    if (!from)
        return copy_fail(copy, "list");
    thing->fd = -1;
    bool entered = !thing->is_bare && copy_mount(dirfd(from)) == copy->mount;
    int code = is_old ? refresh_folder(copy, dirfd(from), to, status) : 0;
    if (code == 0 && entered)
        code = copy_names(copy, from, to);
    if (code == 0 && is_old)
        code = refresh_prune(copy, entered ? dirfd(from) : -1, to);
    return code < 0 ? code : copy_attributes(copy, dirfd(from), to, status);
}

static int copy_subfolder(struct copy *copy, int folder, struct thing *thing)
{
    if (copy_is_same(&thing->status, &copy->top) && copy_mount(thing->fd) == copy->mount)
        return refuse_itself(copy->error);
    bool made = mkdirat(folder, thing->name, 0700) == 0;
    if (!made && errno != EEXIST)
        return copy_fail(copy, "make the folder");
    auto_fd to = openat(folder, thing->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0 && !made && (errno == ENOTDIR || errno == ELOOP))
        errno = EEXIST; /* what is there is no folder */
    if (to < 0)
        return copy_fail(copy, "make the folder");
    return copy_folder(copy, thing, to, copy->refresh && !made);
}

/* Everything but a folder. */
static int copy_leaf(struct copy *copy, int from, int to, const struct thing *thing)
{
    bool has_names = thing->status.st_nlink > 1;
    const struct link *link = has_names ? copy_find_link(&copy->links, &thing->status) : NULL;
    int code = copy->refresh ? refresh_settle(copy, to, thing, link) : 0;
    if (code < 0)
        return code;
    if (code > 0)
        code = 0;
    else if (link)
        code = linkat(copy->target, link->path, to, thing->name, 0) < 0
                   ? copy_fail(copy, "make the hard link")
                   : 0;
    else if (S_ISREG(thing->status.st_mode))
        code = copy_file(copy, to, thing);
    else if (S_ISLNK(thing->status.st_mode))
        code = copy_symlink(copy, from, to, thing);
    else
        code = copy_node(copy, to, thing);
    if (code == 0 && has_names && !link)
        copy_add_link(&copy->links, &thing->status, copy->path);
    copy->files++;
    copy->bytes += S_ISREG(thing->status.st_mode) ? (uint64_t)thing->status.st_size : 0;
    copy_tell(copy, 0);
    return code < 0 ? code : 0;
}

static int copy_entry(struct copy *copy, int from, int to, const char *name, unsigned type)
{
    AUTO(drop) struct thing thing = {.fd = -1};
    enum copy_part part =
        copy->choice ? copy->choice->choose(copy->choice, copy->path) : COPY_WHOLE;
    int code = part == COPY_NOTHING ? 0 : look(copy, from, name, type, &thing);
    if (code <= 0)
        return code;
    thing.is_bare = part == COPY_FOLDER;
    if (!S_ISDIR(thing.status.st_mode))
        return copy_leaf(copy, from, to, &thing);
    code = copy->refresh ? refresh_settle(copy, to, &thing, NULL) : 0;
    return code < 0 ? code : copy_subfolder(copy, to, &thing);
}

static int copy_names(struct copy *copy, DIR *from, int to)
{
    size_t length = strlen(copy->path);
    for (struct dirent *entry; errno = 0, (entry = readdir(from));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int room = (int)(sizeof(copy->path) - length);
        if (snprintf(copy->path + length, (size_t)room, "%s%s", length ? "/" : "", entry->d_name) >=
            room)
            return error_system(copy->error, ENAMETOOLONG, "cannot copy below \"%s\"", copy->path);
        int code = copy_entry(copy, dirfd(from), to, entry->d_name, entry->d_type);
        if (code < 0)
            return code;
        copy->path[length] = '\0';
    }
    return errno ? copy_fail(copy, "list") : 0;
}

static int copy_begin(struct copy *copy, int source, struct stat *status)
{
    if (fstat(source, status) < 0 || fstat(copy->target, &copy->top) < 0)
        return error_system(copy->error, errno, "cannot look at the folder to copy");
    copy->mount = copy_mount(source);
    return 0;
}

static int copy_all(struct copy *copy, int source)
{
    AUTO(drop) struct thing top = {.fd = -1};
    int code = copy_begin(copy, source, &top.status);
    if (code == 0 && copy_is_same(&top.status, &copy->top))
        code = refuse_itself(copy->error);
    if (code < 0)
        return code;
    top.fd = openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_fd to = openat(copy->target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top.fd < 0 || to < 0)
        return error_system(copy->error, errno, "cannot open the folder to copy");
    code = copy_folder(copy, &top, to, copy->refresh);
    tdestroy(copy->links, copy_free_link);
    tdestroy(copy->claimed, copy_free_link);
    return code;
}

int copy_tree(int source, int target, struct error *error)
{
    struct copy copy = {.target = target, .error = error};
    return copy_all(&copy, source);
}

int copy_live_tree(int source, int target, struct copy_progress *progress, struct error *error)
{
    return copy_live_part(source, target, NULL, progress, error);
}

int copy_live_part(int source, int target, const struct copy_choice *choice,
                   struct copy_progress *progress, struct error *error)
{
    struct copy copy = {
        .target = target, .live = true, .progress = progress, .choice = choice, .error = error};
    return copy_all(&copy, source);
}

int copy_refresh(int source, int target, struct copy_progress *progress, struct error *error)
{
    return copy_refresh_part(source, target, NULL, progress, error);
}

int copy_refresh_part(int source, int target, const struct copy_choice *choice,
                      struct copy_progress *progress, struct error *error)
{
    struct copy copy = {.target = target,
                        .live = true,
                        .refresh = true,
                        .progress = progress,
                        .choice = choice,
                        .error = error};
    int code = copy_all(&copy, source);
    return code < 0 ? code : copy.different;
}

int copy_named(int source, int target, const char *name, struct error *error)
{
    struct stat status;
    struct copy copy = {.target = target, .error = error};
    int code = copy_begin(&copy, source, &status);
    snprintf(copy.path, sizeof(copy.path), "%s", name);
    if (code == 0)
        code = copy_entry(&copy, source, target, name, DT_UNKNOWN);
    tdestroy(copy.links, copy_free_link);
    return code;
}

int copy_open_file(int source, int target, struct error *error)
{
    struct stat status;
    struct copy copy = {.target = target, .error = error};
    int code = copy_begin(&copy, source, &status);
    if (code == 0)
        code = copy_contents(&copy, source, target, &status);
    return code < 0 ? code : copy_attributes(&copy, source, target, &status);
}

int copy_open_attributes(int source, int target, struct error *error)
{
    struct stat status;
    struct copy copy = {.target = target, .error = error};
    int code = copy_begin(&copy, source, &status);
    return code < 0 ? code : copy_attributes(&copy, source, target, &status);
}
