/* `ebb label` and `ebb pin`, over any root. */
#ifndef EBB_TOOL_LABEL_H
#define EBB_TOOL_LABEL_H

#include "tool/place.h"

struct label_wish {
    struct place_wish place;
    const char *choice; /* a number, latest or previous */
    const char *label;  /* NULL: a pin is what is wanted */
    bool remove;        /* the pin */
};

/* Returns the exit status. */
int label_generation(struct target root, const struct label_wish *wish);

#endif
