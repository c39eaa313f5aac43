/* The kernels that a generation is made for. */
#ifndef EBB_TOOL_KERNELS_H
#define EBB_TOOL_KERNELS_H

#include "base/memory.h"

/* The versions whose modules it has, the newest last. */
void kernels_find(struct arena *arena, int store, unsigned number, const char ***versions,
                  size_t *count);

#endif
