#include "generations/kernels.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/path.h"
#include "base/version.h"

static const char *const folders[] = {"usr/lib/modules", "lib/modules"};

static int by_version(const void *left, const void *right)
{
    return version_compare(*(const char *const *)left, *(const char *const *)right);
}

static int open_folder(int tree)
{
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < ARRAY_LENGTH(folders); i++)
        fd = path_open(tree, folders[i], O_RDONLY | O_DIRECTORY);
    return fd;
}

bool kernels_fit(int tree)
{
    struct utsname kernel;
    auto_fd modules = open_folder(tree);
    if (modules < 0 || uname(&kernel) < 0)
        return true;
    auto_fd ours = path_open(modules, kernel.release, O_PATH | O_DIRECTORY);
    return ours >= 0;
}

void kernels_list(struct arena *arena, int tree, const char ***versions, size_t *count)
{
    int fd = open_folder(tree);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (*entry->d_name != '.')
            *ARENA_PUSH(arena, *versions, *count) = arena_string(arena, entry->d_name);
    if (*count)
        qsort(*versions, *count, sizeof(**versions), by_version);
}

const char *kernels_version(struct arena *arena, const char *path)
{
    static const char before[] = "-linux-";
    const char *name = strstr(path, before);
    return name ? arena_copy(arena, name + strlen(before), strcspn(name + strlen(before), "/"))
                : NULL;
}

/* Where the kernel of a version lies, or NULL. */
static const char *place_of(struct arena *arena, int tree, const char *version)
{
    const char *const places[] = {
        arena_printf(arena, "boot/vmlinuz-%s", version),
        arena_printf(arena, "%s/%s/vmlinuz", folders[0], version),
        arena_printf(arena, "%s/%s/vmlinuz", folders[1], version),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        auto_fd fd = path_open_in_root(tree, places[i], O_PATH);
        if (fd >= 0)
            return places[i];
    }
    return NULL;
}

int kernels_find(struct arena *arena, int tree, const char **version, const char **path,
                 struct error *error)
{
    const char **versions = NULL;
    size_t count = 0;
    kernels_list(arena, tree, &versions, &count);
    for (size_t i = count; i > 0; i--) {
        const char *found = place_of(arena, tree, versions[i - 1]);
        if (!found)
            continue;
        *version = versions[i - 1];
        *path = found;
        return 0;
    }
    return error_set(error, ENOENT,
                     count ? "it has no kernel in its /boot, as vmlinuz-VERSION, nor beside its "
                             "modules; install one in it with `ebb new`"
                           : "it has no kernel with modules; install one in it with `ebb new`");
}
