#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"

const char *path_objection(const char *path)
{
    if (path[0] != '/')
        return "is relative";
    if (strlen(path) >= PATH_MAX)
        return "is longer than the kernel's 4095 bytes";
    if (path[1] && path[strlen(path) - 1] == '/')
        return "ends in \"/\"";
    for (const char *part = path + 1; *part;) {
        size_t length = strcspn(part, "/");
        if (length == 0)
            return "contains \"//\"";
        if (length == 1 && part[0] == '.')
            return "contains \".\"";
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return "contains \"..\"";
        if (length > NAME_MAX)
            return "has a component longer than the kernel's 255 bytes";
        part += length;
        if (*part == '/')
            part++;
    }
    return NULL;
}

int path_is_within(const char *path, const char *parent)
{
    size_t length = strcmp(parent, "/") == 0 ? 0 : strlen(parent);
    return strncmp(path, parent, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

const char *path_kernel_folder(const char *path)
{
    static const char *const folders[] = {"/proc", "/sys", "/dev", "/run"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
        if (path_is_within(path, folders[i]))
            return folders[i];
    return NULL;
}

mode_t path_folder_mode(const char *path)
{
    static const struct {
        const char *path;
        mode_t mode;
    } known[] = {
        {"/root", 0700},
        {"/var/lib/private", 0700},
        {"/var/cache/private", 0700},
        {"/var/log/private", 0700},
        {"/tmp", 01777},
        {"/var/tmp", 01777},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(path, known[i].path) == 0)
            return known[i].mode;
    return 0755;
}

static int open_resolved(int folder, const char *path, int flags, unsigned long long resolve)
{
    while (*path == '/')
        path++;
    struct open_how how = {.flags = (unsigned long long)(unsigned int)flags | O_CLOEXEC,
                           .mode = flags & O_CREAT ? 0600 : 0,
                           .resolve = resolve};
    /* EAGAIN: somebody renamed something, anywhere, while a ".." was walked. Few tries are enough,
     * and there must be an end: O_NONBLOCK gives EAGAIN too, for a file with a lease. */
    long fd = -1;
    for (int tries = 0; tries < 1000; tries++) {
        fd = syscall(SYS_openat2, folder, *path ? path : ".", &how, sizeof(how));
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return fd < 0 ? -errno : (int)fd;
}

const char *path_first(const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (access(paths[i], R_OK) == 0)
            return paths[i];
    return NULL;
}

int path_open(int folder, const char *path, int flags)
{
    return open_resolved(folder, path, flags,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

int path_open_in_root(int folder, const char *path, int flags)
{
    return open_resolved(folder, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_enter(int parent, const char *name, const char *whole, struct error *error)
{
    int fd = path_open(parent, name, O_PATH | O_DIRECTORY);
    if (fd == -ENOENT)
        return -ENOENT;
    if (fd == -ELOOP)
        return error_set(error, ELOOP,
                         "\"%s\" leads through the symbolic link \"%s\"; replace the link, or name "
                         "the folder itself",
                         whole, name);
    if (fd == -ENOTDIR)
        return error_set(error, ENOTDIR, "\"%s\" in \"%s\" is not a folder", name, whole);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the folder \"%s\"", whole);
    return fd;
}

/* The same, but a folder that is missing is made. */
static int enter(int parent, const char *name, const char *whole, struct error *error)
{
    int fd = path_enter(parent, name, whole, error);
    if (fd != -ENOENT)
        return fd;
    if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make the folder \"%s\"", whole);
    fd = path_enter(parent, name, whole, error);
    return fd == -ENOENT ? error_system(error, ENOENT, "cannot open the folder \"%s\"", whole) : fd;
}

/* Walks the first `length` bytes of `path`. */
static int walk(int folder, const char *path, size_t length, int *result, struct error *error)
{
    auto_fd fd = path_open(folder, ".", O_PATH | O_DIRECTORY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the folder above \"%s\"", path);
    for (size_t at = 0; at < length;) {
        size_t part = strcspn(path + at, "/");
        if (part > length - at)
            part = length - at;
        if (part > NAME_MAX)
            return error_system(error, ENAMETOOLONG, "cannot make \"%s\"", path);
        if (part > 0) {
            char name[NAME_MAX + 1];
            memcpy(name, path + at, part);
            name[part] = '\0';
            int next = enter(fd, name, path, error);
            if (next < 0)
                return next;
            close(fd);
            fd = next;
        }
        at += part + 1;
    }
    *result = TAKE_FD(fd);
    return 0;
}

int path_make_folder(int folder, const char *path, int *fd, struct error *error)
{
    return walk(folder, path, strlen(path), fd, error);
}

int path_make_parent(int folder, const char *path, int *fd, const char **name, struct error *error)
{
    const char *slash = strrchr(path, '/');
    int code = walk(folder, path, slash ? (size_t)(slash - path) : 0, fd, error);
    if (code == 0)
        *name = slash ? slash + 1 : path;
    return code;
}

int path_read_fd(int fd, const char *name, size_t limit, char **text, size_t *length,
                 struct error *error)
{
    size_t room = 4096, used = 0;
    auto_string data = malloc(room + 1);
    for (;;) {
        if (!data)
            memory_exhausted();
        ssize_t got = read(fd, data + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(error, errno, "cannot read \"%s\"", name);
        if (got == 0)
            break;
        used += (size_t)got;
        if (used > limit)
            return error_set(error, EFBIG, "\"%s\" is larger than %zu bytes", name, limit);
        if (used == room) {
            room *= 2;
            char *larger = realloc(data, room + 1);
            if (!larger)
                memory_exhausted();
            data = larger;
        }
    }
    data[used] = '\0';
    *text = TAKE_PTR(data);
    if (length)
        *length = used;
    return 0;
}

int path_read(int folder, const char *path, size_t limit, char **text, size_t *length,
              struct error *error)
{
    const char *below = folder == AT_FDCWD ? path : path + strspn(path, "/");
    auto_fd fd = openat(folder, below, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot read \"%s\"", path);
    return path_read_fd(fd, path, limit, text, length, error);
}

int path_write_all(int fd, const void *data, size_t length)
{
    for (const char *at = data; length > 0;) {
        ssize_t done = write(fd, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        at += done;
        length -= (size_t)done;
    }
    return 0;
}

/* The parent of `path` as a folder that can be fsynced. */
static int open_parent(int folder, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char parent[PATH_MAX];
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    if (length >= sizeof(parent)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(parent, path, length);
    parent[length] = '\0';
    return openat(folder, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int path_link(int folder, const char *name, const char *text)
{
    static const char unfinished[] = ".ebb-new";
    (void)unlinkat(folder, unfinished, 0); /* left by a power cut, if there is one */
    if (symlinkat(text, folder, unfinished) < 0)
        return -errno;
    if (renameat(folder, unfinished, folder, name) == 0)
        return 0;
    int code = -errno;
    (void)unlinkat(folder, unfinished, 0); /* the first failure is the one to report */
    return code;
}

int path_write(int folder, const char *path, const void *data, size_t length, mode_t mode,
               struct error *error)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char temporary[NAME_MAX + 1];
    if (strlen(name) + strlen(".tmp-") > NAME_MAX)
        return error_system(error, ENAMETOOLONG, "cannot write \"%s\"", path);
    strcpy(stpcpy(temporary, ".tmp-"), name);
    auto_fd parent = open_parent(folder, path);
    if (parent < 0)
        return error_system(error, errno, "cannot open the folder of \"%s\"", path);
    (void)unlinkat(parent, temporary, 0); /* left by a power cut, if anything */
    auto_fd fd =
        openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_system(error, errno, "cannot write \"%s\"", path);
    int code = path_write_all(fd, data, length);
    if (code == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        code = -errno;
    if (code == 0 && renameat(parent, temporary, parent, name) < 0)
        code = -errno;
    if (code == 0 && fsync(parent) < 0)
        code = -errno;
    if (code == 0)
        return 0;
    (void)unlinkat(parent, temporary, 0); /* the first failure is the one to report */
    return error_system(error, -code, "cannot write \"%s\"", path);
}

static int remove_below(int folder, const char *name, dev_t device)
{
    struct stat status;
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (unlinkat(folder, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -errno;
    int own = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_dir list = own < 0 ? NULL : fdopendir(own);
    if (!list || fstat(own, &status) < 0)
        return -errno;
    if (status.st_dev != device)
        return -EXDEV;
    for (struct dirent *entry; errno = 0, (entry = readdir(list));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int code = remove_below(own, entry->d_name, device);
        if (code < 0)
            return code;
    }
    return unlinkat(folder, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int path_remove_at(int folder, const char *name)
{
    struct stat status;
    return fstat(folder, &status) < 0 ? -errno : remove_below(folder, name, status.st_dev);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk; /* the whole folder goes, whatever is in it */
    return remove(path);
}

void path_remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT); /* what stays, stays */
}
