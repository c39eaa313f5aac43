#include "persist/trash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/path.h"

static const char trash[] = ".ebb/trash", unfinished[] = ".ebb-new";

enum { MOST_ALIKE = 1000, DEEPEST = 2048 };

const char *trash_place(struct arena *arena, const struct orphan *orphan, time_t now)
{
    struct tm time;
    char day[16] = "0000-00-00";
    if (gmtime_r(&now, &time))
        strftime(day, sizeof(day), "%Y-%m-%d", &time);
    return arena_printf(arena, "/%s/%s%s", trash, day, orphan->path);
}

/* Whatever modes lie below, nobody else comes there. */
static int make_trash(int volume, struct error *error)
{
    auto_fd ebb = path_open(volume, ".ebb", O_RDONLY | O_DIRECTORY);
    if (ebb < 0)
        return error_system(error, -ebb, "cannot open \".ebb\" on the volume");
    if (mkdirat(ebb, "trash", 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make the trash \"%s\"", trash);
    auto_fd fd = path_open(ebb, "trash", O_RDONLY | O_DIRECTORY);
    if (fd == -ELOOP)
        return error_set(error, ELOOP, "the trash \"%s\" is a symbolic link; remove it", trash);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the trash \"%s\"", trash);
    if (fchmod(fd, 0700) < 0)
        return error_system(error, errno, "cannot keep the trash \"%s\" to root", trash);
    return 0;
}

static int open_parent(struct arena *arena, int volume, const struct orphan *orphan,
                       struct error *error)
{
    const char *slash = strrchr(orphan->path, '/');
    int fd = path_open(volume, arena_copy(arena, orphan->path, (size_t)(slash - orphan->path)),
                       O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the folder of \"%s\"", orphan->path);
    return fd;
}

/* From one subvolume to another nothing can be renamed, but a copy shares its blocks. It is whole
 * before it has its name, and only then the other one goes. */
static int copy_into(int from, int to, const char *name, const char *new_name,
                     const struct orphan *orphan, struct error *error)
{
    if (faccessat(to, new_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    int code = path_remove_at(to, unfinished);
    if (code == 0 && mkdirat(to, unfinished, 0700) < 0)
        code = -errno;
    auto_fd folder = code < 0 ? code : path_open(to, unfinished, O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return error_system(error, -folder, "cannot move \"%s\" to the trash", orphan->path);
    code = copy_named(from, folder, name, error);
    if (code == 0 &&
        (syncfs(folder) < 0 || renameat2(folder, name, to, new_name, RENAME_NOREPLACE) < 0))
        code = error_system(error, errno, "cannot move \"%s\" to the trash", orphan->path);
    (void)path_remove_at(to, unfinished); /* what stays is removed the next time */
    if (code < 0)
        return code;
    code = path_remove_at(from, name);
    return code < 0
               ? error_system(error, -code, "\"%s\" was copied to the trash, but cannot be removed",
                              orphan->path)
               : 0;
}

static int rename_into(int from, int to, const char *new_name, const struct orphan *orphan,
                       struct error *error)
{
    struct stat status;
    const char *name = strrchr(orphan->path, '/') + 1;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_system(error, errno, "cannot look at \"%s\"", orphan->path);
    if (status.st_dev != orphan->device || status.st_ino != orphan->number)
        return error_set(error, ESTALE, "\"%s\" is not what it was when it was found; look again",
                         orphan->path);
    if (renameat2(from, name, to, new_name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EEXIST)
        return -EEXIST;
    if (errno == EXDEV)
        return copy_into(from, to, name, new_name, orphan, error);
    return error_system(error, errno, "cannot move \"%s\" to the trash", orphan->path);
}

/* The last part of a path with a number, no longer than a name may be. */
static const char *numbered(struct arena *arena, const char *place, unsigned number)
{
    const char *name = strrchr(place, '/') + 1;
    size_t length = strlen(name) < 250 ? strlen(name) : 250;
    return arena_printf(arena, "%.*s%.*s.%u", (int)(name - place), place, (int)length, name,
                        number);
}

int trash_move(struct arena *arena, int volume, const struct orphan *orphan, time_t now,
               const char **place, struct error *error)
{
    const char *wanted = trash_place(arena, orphan, now), *target = wanted;
    int code = make_trash(volume, error);
    if (code < 0)
        return code;
    auto_fd from = open_parent(arena, volume, orphan, error);
    if (from < 0)
        return from;
    for (unsigned number = 2;; number++) {
        const char *new_name;
        auto_fd parent = -1;
        code = path_make_parent(volume, target, &parent, &new_name, error);
        if (code < 0)
            return error_prefix(error, "in the trash");
        code = rename_into(from, parent, new_name, orphan, error);
        if (code == 0) {
            auto_fd to = path_open(parent, ".", O_RDONLY | O_DIRECTORY);
            if (to < 0 || fsync(to) < 0 || fsync(from) < 0)
                return error_system(error, errno, "cannot keep the move of \"%s\"", orphan->path);
            *place = target;
            return 0;
        }
        if (code != -EEXIST)
            return code;
        if (number > MOST_ALIKE)
            return error_system(error, EEXIST, "cannot move \"%s\" to the trash", orphan->path);
        target = numbered(arena, wanted, number);
    }
}

/* The time that a day began, or -1 if the name is none. */
static time_t time_of(const char *name)
{
    struct tm day = {0};
    const char *end = strptime(name, "%Y-%m-%d", &day);
    return end && !*end && strlen(name) == strlen("YYYY-MM-DD") ? timegm(&day) : -1;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

int trash_old(struct arena *arena, int volume, unsigned days, time_t now, struct trash_days *old,
              struct error *error)
{
    int fd = path_open(volume, trash, O_RDONLY | O_DIRECTORY);
    *old = (struct trash_days){0};
    if (fd == -ENOENT)
        return 0;
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return error_system(error, fd < 0 ? -fd : errno, "cannot list the trash \"%s\"", trash);
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        time_t begun = time_of(entry->d_name);
        if (begun >= 0 && now - begun >= ((time_t)days + 1) * 86400)
            *ARENA_PUSH(arena, old->names, old->count) = arena_string(arena, entry->d_name);
    }
    if (errno)
        return error_system(error, errno, "cannot list the trash \"%s\"", trash);
    if (old->count)
        qsort(old->names, old->count, sizeof(*old->names), by_name);
    return 0;
}

/* What is in the folder; a file system mounted in there stays, and so does the folder. */
static int remove_all(int parent, const char *name, dev_t device, unsigned depth)
{
    struct stat status;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return -errno;
    if (fstat(dirfd(folder), &status) < 0)
        return -errno;
    if (status.st_dev != device || depth > DEEPEST)
        return status.st_dev != device ? -EXDEV : -ENAMETOOLONG;
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0) == 0)
            continue;
        int code = errno == EISDIR || errno == EPERM
                       ? remove_all(dirfd(folder), entry->d_name, device, depth + 1)
                       : -errno;
        if (code < 0)
            return code;
    }
    if (errno)
        return -errno;
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int trash_remove(int volume, const char *day, struct error *error)
{
    struct stat status;
    auto_fd fd = path_open(volume, trash, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the trash \"%s\"", trash);
    if (fstat(fd, &status) < 0)
        return error_system(error, errno, "cannot look at the trash \"%s\"", trash);
    int code = remove_all(fd, day, status.st_dev, 0);
    return code < 0 ? error_system(error, -code, "cannot remove \"%s/%s\"", trash, day) : 0;
}
