#include "generations/layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"

static const char mark[] = "trusted.overlay.", opaque[] = "trusted.overlay.opaque";

struct fill {
    const struct layer *layer;
    struct error *error;
    uint64_t files;
};

static int fail(struct fill *fill, const char *what, const char *name)
{
    return error_system(fill->error, errno, "cannot %s \"%s\" in the new tree", what, name);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static DIR *open_list(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !list)
        close(fd);
    return list;
}

/* Links and nodes have attributes, too, and cannot be opened: by path, which is not followed. */
static int strip(struct fill *fill, int folder, const char *name)
{
    char path[NAME_MAX + 40], names[XATTR_LIST_MAX];
    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", folder, name);
    ssize_t length = llistxattr(path, names, sizeof(names));
    if (length < 0 && errno != ENOTSUP)
        return fail(fill, "list the extended attributes of", name);
    for (const char *at = names; length > 0 && at < names + length; at += strlen(at) + 1)
        if (strncmp(at, mark, strlen(mark)) == 0 && lremovexattr(path, at) < 0)
            return fail(fill, "remove an extended attribute of", name);
    return 0;
}

static int fill_folder(struct fill *fill, int lower, DIR *upper);

static void count(struct fill *fill)
{
    struct copy_progress *progress = fill->layer->progress;
    fill->files++;
    if (progress)
        progress->tell(progress, fill->files, 0);
}

/* A copy is for what can have no more names, or lies on a subvolume of its own. */
static int bring_file(struct fill *fill, int lower, int upper, const char *name)
{
    if (linkat(lower, name, upper, name, 0) < 0) {
        if (errno == EEXIST)
            return 0; /* the layer has it, or says that it is gone */
        if (errno != EMLINK && errno != EPERM && errno != EXDEV)
            return fail(fill, "link", name);
        int code = copy_named(lower, upper, name, fill->error);
        if (code < 0)
            return code;
    }
    count(fill);
    return 0;
}

static int bring_folder(struct fill *fill, int lower, int upper, const char *name)
{
    if (mkdirat(upper, name, 0700) < 0)
        return errno == EEXIST ? 0 : fail(fill, "make", name);
    auto_fd from = openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_dir to = open_list(upper, name);
    if (from < 0 || !to)
        return fail(fill, "open", name);
    int code = fill_folder(fill, from, to);
    return code < 0 ? code : copy_open_attributes(from, dirfd(to), fill->error);
}

/* What lies below, and the layer does not have. */
static int bring_names(struct fill *fill, int lower, int upper)
{
    auto_dir list = open_list(lower, ".");
    if (!list)
        return fail(fill, "list", "a folder below");
    for (struct dirent *entry; errno = 0, (entry = readdir(list));) {
        struct stat status;
        bool is_folder = entry->d_type == DT_DIR;
        if (is_dots(entry->d_name))
            continue;
        if (entry->d_type == DT_UNKNOWN &&
            fstatat(lower, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            is_folder = S_ISDIR(status.st_mode);
        int code = is_folder ? bring_folder(fill, lower, upper, entry->d_name)
                             : bring_file(fill, lower, upper, entry->d_name);
        if (code < 0)
            return code;
    }
    return errno ? fail(fill, "list", "a folder below") : 0;
}

/* What the layer has: folders are filled, in place of what is gone stands a whiteout. */
static int settle(struct fill *fill, int lower, int upper, const char *name, bool *is_whiteout)
{
    struct stat status;
    if (fstatat(upper, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(fill, "look at", name);
    *is_whiteout = S_ISCHR(status.st_mode) && status.st_rdev == 0;
    if (*is_whiteout)
        return 0;
    if (!S_ISDIR(status.st_mode)) {
        count(fill);
        return strip(fill, upper, name);
    }
    auto_fd below =
        lower < 0 ? -1 : openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lower >= 0 && below < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
        return fail(fill, "open", name);
    auto_dir folder = open_list(upper, name);
    return folder ? fill_folder(fill, below, folder) : fail(fill, "open", name);
}

static int settle_names(struct fill *fill, struct arena *arena, int lower, DIR *upper,
                        const char ***whiteouts, size_t *whiteout_count)
{
    for (struct dirent *entry; errno = 0, (entry = readdir(upper));) {
        bool is_whiteout = false;
        if (is_dots(entry->d_name))
            continue;
        int code = settle(fill, lower, dirfd(upper), entry->d_name, &is_whiteout);
        if (code < 0)
            return code;
        if (is_whiteout)
            *ARENA_PUSH(arena, *whiteouts, *whiteout_count) = arena_string(arena, entry->d_name);
    }
    return errno ? fail(fill, "list", "a folder") : 0;
}

/* Whether what lies below is hidden: the folder took the place of another. */
static bool is_opaque(int folder)
{
    char value;
    return fgetxattr(folder, opaque, &value, 1) == 1 && value == 'y';
}

static int fill_folder(struct fill *fill, int lower, DIR *folder)
{
    const char **whiteouts = NULL;
    size_t whiteout_count = 0;
    struct stat before;
    int upper = dirfd(folder);
    auto_arena arena = arena_new();
    struct pollfd stop = {.fd = fill->layer->stop, .events = POLLIN};
    if (poll(&stop, 1, 0) > 0)
        return error_set(fill->error, EINTR, "it was interrupted");
    if (fstat(upper, &before) < 0)
        return fail(fill, "look at", "a folder");
    if (lower >= 0 && is_opaque(upper))
        lower = -1;
    int code = settle_names(fill, arena, lower, folder, &whiteouts, &whiteout_count);
    if (code == 0 && lower >= 0)
        code = bring_names(fill, lower, upper);
    for (size_t i = 0; code == 0 && i < whiteout_count; i++)
        if (unlinkat(upper, whiteouts[i], 0) < 0)
            code = fail(fill, "remove", whiteouts[i]);
    if (code == 0)
        code = strip(fill, upper, ".");
    const struct timespec times[2] = {before.st_atim, before.st_mtim};
    if (code == 0 && futimens(upper, times) < 0)
        code = fail(fill, "set the times of", "a folder");
    return code;
}

int layer_fill(const struct layer *layer, struct error *error)
{
    struct fill fill = {.layer = layer, .error = error};
    auto_dir top = open_list(layer->upper, ".");
    return top ? fill_folder(&fill, layer->lower, top) : fail(&fill, "open", "/");
}
