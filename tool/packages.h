/* The packages that are installed in a tree, as its package manager wrote them down. */
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
    bool known; /* false: neither dpkg nor pacman has a database in the tree */
    struct package *items;
    size_t count; /* by name */
};

/* `tree` is a folder that anybody may have filled. */
int packages_read(struct arena *arena, int tree, struct packages *packages, struct error *error);

#endif
