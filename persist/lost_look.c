#include "persist/lost_look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "persist/compare.h"

/* A path has at most this many folders; deeper ones have no name that a program could use. */
enum { DEEPEST = PATH_MAX / 2 };

static struct look_thing *add(struct looker *looker, struct look_folder *folder, const char *name)
{
    struct look_thing *thing = ARENA_PUSH(looker->arena, folder->things, folder->count);
    *thing = (struct look_thing){.name = arena_string(looker->arena, name)};
    return thing;
}

/* LOST_…, or -errno. */
static int change_of(const struct look_folder *folder, const char *name, const struct stat *status,
                     bool *in_folder)
{
    struct stat origin;
    if (folder->tree < 0)
        return LOST_NEW;
    if (fstatat(folder->tree, name, &origin, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? LOST_NEW : -errno;
    *in_folder = S_ISDIR(origin.st_mode);
    int code = compare_things(folder->fd, status, folder->tree, &origin, name);
    return code == 1 ? LOST_CHANGED : code;
}

static bool is_kernels(const struct look_folder *up, const char *name)
{
    char path[NAME_MAX + 2];
    if (up->up)
        return false;
    snprintf(path, sizeof(path), "/%s", name);
    return path_kernel_folder(path) || strcmp(name, "lost+found") == 0;
}

static bool is_untouched(const struct lost_request *request, const struct look_folder *up,
                         const struct stat *status)
{
    const struct timespec *changed = &status->st_ctim, *made = &request->made;
    return up->untouched && (changed->tv_sec < made->tv_sec ||
                             (changed->tv_sec == made->tv_sec && changed->tv_nsec < made->tv_nsec));
}

/* What is to be left out whatever its state is; fills what a folder inherits. */
static bool is_left_out(const struct lost_request *request, struct look_folder *up,
                        struct look_folder *folder)
{
    if (!up->inside) {
        folder->inside = cover_enter(&request->wanted, up->wanted, folder->name, &folder->wanted);
        if (!folder->inside && folder->wanted.begin == folder->wanted.end) {
            up->parted = true;
            return true;
        }
    }
    if (is_kernels(up, folder->name))
        return true;
    if (cover_enter(&request->covered, up->covered, folder->name, &folder->covered)) {
        up->parted = true;
        return true;
    }
    if (!folder->is_noise && request->noise)
        folder->is_noise = noise_matches(request->noise, up->noise, folder->name);
    bool is_muted = folder->is_noise && !request->with_noise;
    up->muted |= is_muted;
    return is_muted;
}

static void add_folder(struct looker *looker, struct look_folder *folder, struct look_thing *thing,
                       struct look_folder **found)
{
    struct look_folder *kept = arena_alloc(looker->arena, sizeof(*kept));
    *kept = *folder;
    kept->name = thing->name;
    kept->noise = noise_enter(kept->up->noise, thing->name, looker->arena);
    kept->next = *found;
    *found = kept;
    kept->up->waiting++;
    thing->folder = kept;
}

static void visit(struct looker *looker, struct look_folder *up, const char *name,
                  struct look_folder **found)
{
    const struct lost_request *request = looker->request;
    struct stat status;
    struct look_folder folder = {.up = up,
                                 .name = name,
                                 .fd = -1,
                                 .tree = -1,
                                 .depth = up->depth + 1,
                                 .inside = up->inside,
                                 .is_noise = up->is_noise};
    if (is_left_out(request, up, &folder))
        return;
    if (fstatat(up->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        add(looker, up, name)->blind = errno;
        return;
    }
    bool is_folder = S_ISDIR(status.st_mode);
    if (status.st_dev != looker->device) {
        up->parted = true;
        return;
    }
    if (request->is_layer && S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0))
        return;
    if (!folder.inside && !is_folder)
        return; /* a path is wanted that would lie below it */
    folder.untouched = is_untouched(request, up, &status);
    folder.has_origin = folder.untouched && up->tree >= 0; /* as it seems */
    int change =
        folder.untouched ? (int)LOST_NOTHING : change_of(up, name, &status, &folder.has_origin);
    if (change == LOST_NOTHING && !is_folder)
        return;
    struct look_thing *thing = add(looker, up, name);
    if (change < 0) {
        thing->blind = -change;
        return;
    }
    if (is_folder && change == LOST_CHANGED && !folder.has_origin)
        change = LOST_NEW; /* it was no folder */
    if (!folder.inside)
        change = LOST_NOTHING;
    bool has_size = S_ISREG(status.st_mode) || S_ISLNK(status.st_mode);
    thing->item = (struct lost_item){.mode = status.st_mode,
                                     .change = (enum lost_change)change,
                                     .noise = folder.is_noise,
                                     .size = has_size ? (uint64_t)status.st_size : 0,
                                     .files = !is_folder,
                                     .change_time = status.st_mtim};
    if (is_folder)
        add_folder(looker, &folder, thing, found);
    else if (status.st_nlink > 1)
        thing->inode = status.st_ino;
}

static bool open_folder(struct look_folder *folder)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (!folder->up)
        return true; /* whoever wants it looked into has opened it */
    if (folder->has_origin) {
        folder->tree = openat(folder->up->tree, folder->name, flags);
        folder->has_origin = folder->tree >= 0;
        folder->strange = folder->tree < 0 && !(folder->untouched && errno == ENOENT);
    }
    if (!folder->strange && folder->depth < DEEPEST)
        folder->fd = openat(folder->up->fd, folder->name, flags);
    else if (!folder->strange)
        errno = ENAMETOOLONG;
    folder->unseen = folder->fd < 0;
    if (folder->unseen)
        folder->blind = errno;
    return !folder->unseen;
}

static int by_name(const void *left, const void *right)
{
    const struct look_thing *a = left, *b = right;
    return strcmp(a->name, b->name);
}

void look_into(struct looker *looker, struct look_folder *folder, struct look_folder **found)
{
    ssize_t length = 0;
    if (!open_folder(folder))
        return;
    while ((length = getdents64(folder->fd, looker->listing, sizeof(looker->listing))) > 0) {
        for (ssize_t at = 0; at < length;) {
            const struct dirent64 *entry = (const struct dirent64 *)(looker->listing + at);
            const char *name = entry->d_name;
            at += entry->d_reclen;
            if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
                continue;
            visit(looker, folder, name, found);
        }
    }
    if (length < 0)
        folder->blind = errno;
    if (folder->count)
        qsort(folder->things, folder->count, sizeof(*folder->things), by_name);
}
