#include "vm/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/lib/ebb"
#endif

int program_find(const char *name, char *path, size_t size, struct error *error)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    const char *const folders[] = {self, LIBEXECDIR};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        int written = snprintf(path, size, "%s/%s", folders[i], name);
        if (*folders[i] && written > 0 && (size_t)written < size && access(path, X_OK) == 0)
            return 0;
    }
    return error_set(error, ENOENT, "cannot find \"%s\" in \"%s\" or \"%s\"; is Ebb installed?",
                     name, self, LIBEXECDIR);
}
