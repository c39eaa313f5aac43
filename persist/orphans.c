#include "persist/orphans.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/path.h"

/* The names that Ebb itself uses on a volume begin so. */
static const char own[] = ".ebb", unfinished[] = ".ebb-new"; /* persist/make.h */

enum { DEEPEST = 2048 }; /* no path has more parts */

struct search {
    struct arena *arena;
    const struct cover *declared;
    const struct mounted *mounted;
    time_t booted;
    struct orphans *orphans;
    dev_t device;
};

static int in_order(const void *left, const void *right)
{
    const struct mounted_thing *a = left, *b = right;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

int mounted_read(struct arena *arena, struct mounted *mounted, struct error *error)
{
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
    struct libmnt_fs *mount;
    *mounted = (struct mounted){0};
    if (!table || !iterator) {
        mnt_unref_table(table);
        mnt_free_iter(iterator);
        return error_system(error, errno, "cannot read the list of mounts");
    }
    while (mnt_table_next_fs(table, iterator, &mount) == 0) {
        struct statx found;
        /* Not asking servers, which may be gone. */
        if (statx(AT_FDCWD, mnt_fs_get_target(mount),
                  AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO,
                  &found) == 0)
            *ARENA_PUSH(arena, mounted->things, mounted->count) = (struct mounted_thing){
                makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino};
    }
    mnt_unref_table(table);
    mnt_free_iter(iterator);
    if (mounted->count)
        qsort(mounted->things, mounted->count, sizeof(*mounted->things), in_order);
    return 0;
}

static bool is_mounted(const struct search *search, const struct stat *status)
{
    const struct mounted_thing key = {status->st_dev, status->st_ino};
    return status->st_dev != search->device ||
           (search->mounted->count &&
            bsearch(&key, search->mounted->things, search->mounted->count, sizeof(key), in_order));
}

static void add_blind(struct search *search, const char *path, int code)
{
    if (code != ENOENT) /* else it went meanwhile */
        *ARENA_PUSH(search->arena, search->orphans->blind, search->orphans->blind_count) =
            (struct orphan_blind){arena_string(search->arena, path), code};
}

static DIR *open_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !folder)
        close(fd);
    return folder;
}

static const char *next_name(DIR *folder)
{
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    return NULL;
}

/* Adds what `name` is, with all that is in it. False: something in it is mounted. */
static bool measure(struct search *search, int parent, const char *name, unsigned depth,
                    const struct stat *status, struct orphan *orphan)
{
    if (is_mounted(search, status))
        return false;
    if (status->st_mtim.tv_sec > orphan->newest)
        orphan->newest = status->st_mtim.tv_sec;
    if (!S_ISDIR(status->st_mode)) {
        bool has_size = S_ISREG(status->st_mode) || S_ISLNK(status->st_mode);
        orphan->size += has_size ? (uint64_t)status->st_size : 0;
        orphan->files++;
        return true;
    }
    auto_dir folder = depth < DEEPEST ? open_folder(parent, name) : NULL;
    if (!folder) {
        add_blind(search, orphan->path, depth < DEEPEST ? errno : ENAMETOOLONG);
        return true;
    }
    for (const char *below; (below = next_name(folder));) {
        struct stat inner;
        if (fstatat(dirfd(folder), below, &inner, AT_SYMLINK_NOFOLLOW) < 0)
            add_blind(search, orphan->path, errno);
        else if (!measure(search, dirfd(folder), below, depth + 1, &inner, orphan))
            return false;
    }
    if (errno)
        add_blind(search, orphan->path, errno);
    return true;
}

static void walk(struct search *search, int parent, const char *name, const char *path,
                 struct cover_range range);

/* Names of ours are nobody's orphans, but for what was being made when the power was cut: nobody
 * who made it since this boot is at work on it still. */
static bool is_own(const struct search *search, int folder, const char *name)
{
    struct stat status;
    bool left = strcmp(name, unfinished) == 0 &&
                fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                status.st_ctim.tv_sec < search->booted;
    return strncmp(name, own, strlen(own)) == 0 && !left;
}

static void visit(struct search *search, int folder, const char *name, const char *path,
                  struct cover_range range)
{
    struct stat status;
    struct cover_range below;
    if (is_own(search, folder, name) || cover_enter(search->declared, range, name, &below) ||
        (strcmp(path, "/") == 0 && strcmp(name, "lost+found") == 0))
        return;
    const char *whole =
        arena_printf(search->arena, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name);
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        add_blind(search, whole, errno);
        return;
    }
    if (S_ISDIR(status.st_mode) && below.begin < below.end) {
        if (status.st_dev == search->device)
            walk(search, folder, name, whole, below);
        return;
    }
    struct orphan orphan = {
        .path = whole, .mode = status.st_mode, .device = status.st_dev, .number = status.st_ino};
    if (measure(search, folder, name, 0, &status, &orphan))
        *ARENA_PUSH(search->arena, search->orphans->items, search->orphans->count) = orphan;
}

/* A folder that is a parent of something declared. */
static void walk(struct search *search, int parent, const char *name, const char *path,
                 struct cover_range range)
{
    auto_dir folder = open_folder(parent, name);
    if (!folder) {
        add_blind(search, path, errno);
        return;
    }
    for (const char *below; (below = next_name(folder));)
        visit(search, dirfd(folder), below, path, range);
    if (errno)
        add_blind(search, path, errno);
}

/* What of the declared paths lies below the store. */
static struct cover_range range_of(struct arena *arena, const struct cover *declared,
                                   const char *store)
{
    struct cover_range range = cover_all(declared);
    char *rest = arena_string(arena, store + 1);
    for (char *name; (name = strsep(&rest, "/"));)
        if (*name)
            (void)cover_enter(declared, range, name, &range); /* the store may be one itself */
    return range;
}

static int by_path(const void *left, const void *right)
{
    return strcmp(((const struct orphan *)left)->path, ((const struct orphan *)right)->path);
}

int orphans_find(struct arena *arena, int volume, const char *store, const struct cover *declared,
                 const struct mounted *mounted, time_t booted, struct orphans *orphans,
                 struct error *error)
{
    struct stat status;
    struct search search = {arena, declared, mounted, booted, orphans, 0};
    auto_fd fd = path_open(volume, store, O_RDONLY | O_DIRECTORY);
    if (fd == -ENOENT)
        return 0;
    if (fd == -EACCES) {
        add_blind(&search, store, EACCES);
        return 0;
    }
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s\" on the volume", store);
    if (fstat(fd, &status) < 0)
        return error_system(error, errno, "cannot look at \"%s\" on the volume", store);
    search.device = status.st_dev;
    walk(&search, fd, ".", store, range_of(arena, declared, store));
    if (orphans->count)
        qsort(orphans->items, orphans->count, sizeof(*orphans->items), by_path);
    return 0;
}
