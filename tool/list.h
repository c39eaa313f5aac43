/* `ebb list`, over any root. */
#ifndef EBB_TOOL_LIST_H
#define EBB_TOOL_LIST_H

#include <stdio.h>

#include "tool/place.h"

struct list_wish {
    struct place_wish place;
    bool json;
};

/* Returns the exit status. */
int list_tell(struct target root, const struct list_wish *wish, FILE *out);

#endif
