#include "tool/kernels.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

static int by_version(const void *left, const void *right)
{
    return strverscmp(*(const char *const *)left, *(const char *const *)right);
}

void kernels_find(struct arena *arena, int store, unsigned number, const char ***versions,
                  size_t *count)
{
    static const char *const places[] = {"usr/lib/modules", "lib/modules"};
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < ARRAY_LENGTH(places); i++)
        fd = path_open(store, arena_printf(arena, "%u/tree/%s", number, places[i]),
                       O_RDONLY | O_DIRECTORY);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (*entry->d_name != '.')
            *ARENA_PUSH(arena, *versions, *count) = arena_string(arena, entry->d_name);
    if (*count)
        qsort(*versions, *count, sizeof(**versions), by_version);
}
