/* `ebb adopt`, over any root. */
#ifndef EBB_TOOL_ADOPT_H
#define EBB_TOOL_ADOPT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/path.h"

struct adopt_wish {
    const char *config;   /* NULL: /etc/ebb/ebb.conf */
    const char **volumes; /* VOLUME=DIR: where the running system has them */
    size_t volume_count;
    const char *label; /* may be NULL */
    bool yes;          /* nobody is asked */
    bool replace;      /* what lies on the volume in the place of an entry goes to its trash */
    bool dry_run;
};

/* Returns the exit status. A person answers on `in`; NULL: there is nobody to ask. */
int adopt_system(struct target root, const struct adopt_wish *wish, FILE *in, FILE *out);

#endif
