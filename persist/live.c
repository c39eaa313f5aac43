#include "persist/live.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "persist/entry.h"
#include "persist/make.h"
#include "persist/object.h"
#include "persist/target.h"
#include "persist/write_back.h"

/* Somebody may go on writing for ever. */
enum { PASSES = 5 };

int live_open(const struct context *context, const char *target, struct live *live,
              struct error *error)
{
    auto_fd look = path_open(context->root.fd, target, O_PATH | O_NOFOLLOW);
    if (look == -ELOOP)
        return error_set(error, ELOOP,
                         "\"%s\" leads through a symbolic link; name the folder that the link "
                         "leads to",
                         target);
    if (look < 0 || fstat(look, &live->status) < 0)
        return error_system(error, look < 0 ? -look : errno, "cannot look at \"%s\"", target);
    if (S_ISLNK(live->status.st_mode))
        return error_set(error, ELOOP, "\"%s\" is a symbolic link; name what it leads to", target);
    bool is_dir = S_ISDIR(live->status.st_mode);
    if (!is_dir && !S_ISREG(live->status.st_mode)) /* opening a device might do something */
        return error_set(error, EINVAL, "\"%s\" is neither a folder nor a file; keep its folder",
                         target);
    live->fd = path_open(context->root.fd, target, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (live->fd < 0 || fstat(live->fd, &live->status) < 0)
        return error_system(error, live->fd < 0 ? -live->fd : errno, "cannot read \"%s\"", target);
    return 0;
}

void live_close(struct live *live)
{
    if (live->fd >= 0)
        close(TAKE_FD(live->fd));
}

static bool is_same(int fd, const struct stat *known)
{
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_dev == known->st_dev &&
           status.st_ino == known->st_ino;
}

int live_source(const struct persist_entry *entry, const struct context *context,
                struct error *error)
{
    int volume = context_volume(context, entry->store->volume)->fd;
    int fd = path_open(volume, entry->source, O_PATH | O_NOFOLLOW);
    if (fd >= 0 || fd == -ENOENT)
        return fd;
    if (fd == -ELOOP)
        return error_set(error, ELOOP,
                         "\"%s:%s\" leads through a symbolic link, and none is followed there; "
                         "remove it",
                         entry->store->volume_name, entry->source);
    return error_system(error, -fd, "cannot look at \"%s:%s\"", entry->store->volume_name,
                        entry->source);
}

/* `ebb write-back` does it from now on, and does the first of it at once. */
static int copy_object(const struct persist_entry *entry, const struct context *context,
                       struct error *error)
{
    const struct copied copied = copies_item(entry, context);
    enum write_back_result result;
    return write_back(&copied, context->root.fd, context_volume(context, entry->store->volume)->fd,
                      &result, error);
}

/* Whoever uses the tree goes on while it is copied and, which takes as long, written to the disk;
 * so until a pass finds nothing that changed since the one before. */
static int copy_folder(const struct live *live, int made, struct error *error)
{
    int code = copy_live_tree(live->fd, made, live->progress, error);
    for (unsigned pass = 0, changed = 1; code == 0 && changed && pass < PASSES; pass++) {
        if (syncfs(made) < 0)
            return error_system(error, errno, "cannot write the copy to the disk");
        code = copy_refresh(live->fd, made, live->progress, error);
        changed = code > 0;
        code = code < 0 ? code : 0;
    }
    return code;
}

static int copy_file(const struct live *live, int made, struct error *error)
{
    struct stat before, after;
    int code = 0;
    for (unsigned pass = 0, changed = 1; code == 0 && changed && pass < PASSES; pass++) {
        if (ftruncate(made, 0) < 0 || fstat(live->fd, &before) < 0)
            return error_system(error, errno, "cannot begin the copy");
        code = copy_open_file(live->fd, made, error);
        if (code < 0 || fsync(made) < 0 || fstat(live->fd, &after) < 0)
            return code < 0 ? code
                            : error_system(error, errno, "cannot write the copy to the disk");
        changed = before.st_size != after.st_size ||
                  before.st_ctim.tv_sec != after.st_ctim.tv_sec ||
                  before.st_ctim.tv_nsec != after.st_ctim.tv_nsec;
    }
    return code;
}

struct living {
    struct beginning beginning;
    const struct live *live;
};

static int begin_as_it_is(const struct beginning *beginning, int made, struct error *error)
{
    const struct live *live = ((const struct living *)beginning)->live;
    return S_ISDIR(live->status.st_mode) ? copy_folder(live, made, error)
                                         : copy_file(live, made, error);
}

int live_copy(const struct persist_entry *entry, struct context *context, const struct live *live,
              struct error *error)
{
    auto_fd source = -1;
    if (entry->method == METHOD_COPY)
        return copy_object(entry, context, error);
    const struct living living = {{live->fd, begin_as_it_is}, live};
    context->beginning = &living.beginning;
    int code = entry_open_source(entry, context, &source, error);
    context->beginning = NULL;
    return code;
}

void live_undo(const struct persist_entry *entry, struct context *context)
{
    const char *name = strrchr(entry->source, '/');
    auto_arena arena = arena_new();
    const char *above = arena_copy(arena, entry->source, (size_t)(name - entry->source) + 1);
    auto_fd parent =
        path_open(context_volume(context, entry->store->volume)->fd, above, O_PATH | O_DIRECTORY);
    if (parent >= 0)
        (void)path_remove_at(parent, name + 1); /* what stays is an orphan, which is told of */
}

static int refuse_exchanged(const struct persist_entry *entry, struct error *error)
{
    return error_set(error, ESTALE,
                     "\"%s\" was exchanged for something else meanwhile, so nothing was mounted "
                     "there",
                     entry->target);
}

/* A mount inside of what is to be covered. */
struct inner {
    const char *path; /* below the entry's */
    int old, copy;
};

struct inners {
    struct inner *items;
    size_t count;
};

static bool is_taken(const struct inners *inners, const char *path)
{
    for (size_t i = 0; i < inners->count; i++)
        if (path_is_within(path, inners->items[i].path))
            return true;
    return false;
}

/* Copies of the mounts in the folder, each with those in it. The kernel's table has them in the
 * order in which they were made, so an outer one before those in it. */
static int take_inners(struct arena *arena, const struct live *live, struct inners *inners)
{
    char link[64], path[PATH_MAX];
    int code = 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", live->fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    path[length < 0 ? 0 : length] = '\0';
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
    if (!table || !place)
        memory_exhausted();
    for (struct libmnt_fs *fs; code == 0 && mnt_table_next_fs(table, place, &fs) == 0;) {
        const char *target = mnt_fs_get_target(fs);
        if (!target || strcmp(target, path) == 0 || !path_is_within(target, path) ||
            is_taken(inners, target + length))
            continue;
        struct inner *inner = ARENA_PUSH(arena, inners->items, inners->count);
        *inner = (struct inner){.path = arena_string(arena, target + length), .copy = -1};
        inner->old = path_open(live->fd, inner->path, O_PATH | O_NOFOLLOW);
        if (inner->old >= 0)
            inner->copy = open_tree(
                inner->old, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        code = inner->old < 0 ? inner->old : inner->copy < 0 ? -errno : 0;
    }
    mnt_free_iter(place);
    mnt_unref_table(table);
    return code;
}

/* Attaches the copies in what covers their places now. */
static int put_inners(const struct inners *inners, int top)
{
    for (size_t i = 0; i < inners->count; i++) {
        auto_fd at = path_open(top, inners->items[i].path, O_PATH | O_NOFOLLOW);
        if (at < 0)
            return at;
        if (move_mount(inners->items[i].copy, "", at, "",
                       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
            return -errno;
    }
    return 0;
}

static void close_inners(const struct inners *inners)
{
    for (size_t i = 0; i < inners->count; i++) {
        if (inners->items[i].old >= 0)
            close(inners->items[i].old);
        if (inners->items[i].copy >= 0)
            close(inners->items[i].copy);
    }
}

/* By descriptor, and whoever uses it goes on. */
static void detach(int mount)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", mount);
    (void)umount2(path, MNT_DETACH); /* what stays is covered, and costs nothing */
}

static int bind_over(const struct persist_entry *entry, struct context *context, int source,
                     int target, const struct inners *inners, struct error *error)
{
    int code = entry_bind(entry, context, source, target, error);
    if (code < 0)
        return code;
    auto_fd top = path_open(context->root.fd, entry->target, O_PATH | O_NOFOLLOW);
    code = top < 0 ? top : put_inners(inners, top);
    if (code < 0) {
        detach(top);
        return error_system(error, -code, "cannot show the mounts in \"%s\" again", entry->target);
    }
    for (size_t i = 0; i < inners->count; i++)
        detach(inners->items[i].old);
    return 0;
}

int live_show(const struct persist_entry *entry, struct context *context, const struct live *live,
              struct error *error)
{
    auto_arena arena = arena_new();
    auto_fd source = -1, target = -1;
    struct inners inners = {0};
    int code = entry_open_source(entry, context, &source, error);
    if (code == 0)
        code = target_open(entry, context, &target, error);
    if (code < 0)
        return code;
    if (!is_same(target, &live->status))
        return refuse_exchanged(entry, error);
    code = take_inners(arena, live, &inners);
    code = code < 0
               ? error_system(error, -code, "cannot take the mounts in \"%s\" along", entry->target)
               : bind_over(entry, context, source, target, &inners, error);
    close_inners(&inners);
    return code;
}

const char *live_mount_in(struct arena *arena, const struct live *live)
{
    struct inners inners = {0};
    int code = take_inners(arena, live, &inners);
    close_inners(&inners);
    return code < 0 || inners.count ? inners.items[0].path : NULL;
}

/* Opens what the mount on the entry's path covers: the mount of its folder is copied without those
 * that are in it. `parent` and `name` are where it is. */
static int open_covered(int parent, const char *name, int flags)
{
    auto_fd bare = open_tree(parent, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return bare < 0 ? -errno : path_open(bare, name, flags | O_NOFOLLOW);
}

/* Until a pass finds nothing that changed since the one before. */
static int copy_back(const struct live *live, int covered, struct error *error)
{
    int changed = 1;
    if (!S_ISDIR(live->status.st_mode))
        return ftruncate(covered, 0) < 0 ? error_system(error, errno, "cannot write in the root")
                                         : copy_open_file(live->fd, covered, error);
    for (unsigned pass = 0; pass < PASSES && changed > 0; pass++)
        changed = copy_refresh(live->fd, covered, live->progress, error);
    return changed < 0 ? changed : 0;
}

int live_hide(const struct persist_entry *entry, struct context *context, struct live *live,
              struct error *error)
{
    const char *name = strrchr(entry->target, '/') + 1;
    bool is_dir = S_ISDIR(live->status.st_mode);
    auto_arena arena = arena_new();
    const char *above = arena_copy(arena, entry->target, (size_t)(name - entry->target));
    auto_fd parent = path_open(context->root.fd, above, O_PATH | O_DIRECTORY);
    auto_fd shown = parent < 0 ? parent : path_open(parent, name, O_PATH | O_NOFOLLOW);
    if (shown < 0)
        return error_system(error, -shown, "cannot open \"%s\"", entry->target);
    if (!is_same(shown, &live->status))
        return refuse_exchanged(entry, error);
    close(TAKE_FD(shown));
    auto_fd covered = open_covered(parent, name, is_dir ? O_RDONLY | O_DIRECTORY : O_RDWR);
    if (covered < 0)
        return error_system(error, -covered, "cannot open what lies below \"%s\"", entry->target);
    int code = copy_back(live, covered, error);
    if (code < 0)
        return error_prefix(error, "copying \"%s\" into the root", entry->target);
    live_close(live); /* we use it, too */
    const char *path = arena_printf(arena, "/proc/self/fd/%d/%s", parent, name);
    return umount2(path, UMOUNT_NOFOLLOW) < 0
               ? error_system(error, errno, "cannot unmount \"%s\"", entry->target)
               : 0;
}
