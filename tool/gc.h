/* `ebb gc`, over any root. */
#ifndef EBB_TOOL_GC_H
#define EBB_TOOL_GC_H

#include <stdio.h>

#include "tool/boot.h"

struct gc_wish {
    struct place_wish place;
    struct keep keep; /* what is declared, unless it is said */
    bool dry_run;
    time_t now;
    struct boot_wish boot; /* of the entries, which go with the generations */
};

/* Returns the exit status. */
int gc_collect(struct target root, const struct gc_wish *wish, FILE *out);

#endif
