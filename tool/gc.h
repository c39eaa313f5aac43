/* `ebb gc`, over any root. */
#ifndef EBB_TOOL_GC_H
#define EBB_TOOL_GC_H

#include <stdio.h>

#include "tool/place.h"

struct gc_wish {
    struct place_wish place;
    unsigned keep; /* how many of the newest whole ones stay */
    bool dry_run;
};

/* Returns the exit status. */
int gc_collect(struct target root, const struct gc_wish *wish, FILE *out);

#endif
