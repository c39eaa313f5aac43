/* A layer in memory over a folder: an overlay that takes all changes, while nothing is written to
 * what lies below. */
#ifndef EBB_MOUNTS_LAYER_H
#define EBB_MOUNTS_LAYER_H

#include <stdbool.h>

#include "base/error.h"

/* Whether the kernel knows overlays; it loads its module by itself. */
bool layer_is_possible(void);
/* Lays `memory`, an empty tmpfs, over the folder `below`, and mounts both on `place`, which is made
 * if it is missing, with `flags` of mount(2). `source` is what the mount is called. */
int layer_lay(const char *below, const char *memory, const char *place, const char *source,
              unsigned long flags, struct error *error);

#endif
