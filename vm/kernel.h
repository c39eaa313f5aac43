/* The kernel that a machine boots: where it is, and which version it is, because the modules of
 * the image must be its own. */
#ifndef EBB_VM_KERNEL_H
#define EBB_VM_KERNEL_H

#include "base/error.h"
#include "base/memory.h"

struct kernel {
    const char *path, *version;
};

/* `wanted` is a version or, with a "/" in it, a path. NULL: the running one, or else the newest
 * that is installed. */
int kernel_find(struct arena *arena, const char *wanted, struct kernel *kernel,
                struct error *error);

#endif
