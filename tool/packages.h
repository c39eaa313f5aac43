/* The packages that a generation has. */
#ifndef EBB_TOOL_PACKAGES_H
#define EBB_TOOL_PACKAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

struct package {
    const char *name, *version;
};

struct packages {
    struct arena *arena;
    bool known; /* false: no package manager tells */
    struct package *items;
    size_t count; /* by name */
};

/* What dpkg or pacman wrote down; `tree` is a folder that anybody may have filled. */
int packages_read(struct arena *arena, int tree, struct packages *packages, struct error *error);

#endif
