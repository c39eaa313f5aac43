/* `ebb gc`, over any root. */
#ifndef EBB_TOOL_GC_H
#define EBB_TOOL_GC_H

#include <stdio.h>

#include "tool/place.h"

struct gc_wish {
    struct place_wish place;
    struct keep keep; /* what is declared, unless it is said */
    bool dry_run;
    time_t now;
};

/* Returns the exit status. */
int gc_collect(struct target root, const struct gc_wish *wish, FILE *out);

#endif
