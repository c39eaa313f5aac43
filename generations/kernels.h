/* The kernels that a tree has: each has a folder of modules with its version for a name. */
#ifndef EBB_GENERATIONS_KERNELS_H
#define EBB_GENERATIONS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

/* The versions, ascending. */
void kernels_list(struct arena *arena, int tree, const char ***versions, size_t *count);
/* That in a path of a Nix store, /nix/store/HASH-linux-6.6.30/bzImage; NULL: it has none. */
const char *kernels_version(struct arena *arena, const char *path);
/* Whether the kernel that runs is one of them; a tree that has none goes with any. */
bool kernels_fit(int tree);
/* The newest one that the tree has the kernel itself of, and where in the tree it lies. */
int kernels_find(struct arena *arena, int tree, const char **version, const char **path,
                 struct error *error);

#endif
