/* The upper layer of an overlay file system, made whole: what it does not have comes into it as
 * hard links to the files below, so that it costs nothing, and what only means something to
 * overlayfs goes. The layer is that of an overlay with redirect_dir=off, metacopy=off and
 * index=off, so a file in it is complete, and a folder in it has its own name. Both lie on one
 * mount. */
#ifndef EBB_GENERATIONS_LAYER_H
#define EBB_GENERATIONS_LAYER_H

#include "base/copy.h"

struct layer {
    int lower, upper;
    struct copy_progress *progress; /* NULL: nobody wants to hear of it */
    int stop;                       /* can be read when it is to be given up; -1: never */
};
int layer_fill(const struct layer *layer, struct error *error);

#endif
