#include "vm/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

int program_find(const char *name, char *path, size_t size, struct error *error)
{
    static const char *const folders[] = {"", "/../lib/ebb"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        int written = snprintf(path, size, "%s%s/%s", self, folders[i], name);
        if (written > 0 && (size_t)written < size && access(path, X_OK) == 0)
            return 0;
    }
    return error_set(
        error, ENOENT,
        "cannot find \"%s\", neither in \"%s\" nor in \"%s/../lib/ebb\"; is all of Ebb "
        "installed?",
        name, self, self);
}
