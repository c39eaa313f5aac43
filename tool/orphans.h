/* `ebb orphans`, over any root in which the volumes are mounted where they are declared. */
#ifndef EBB_TOOL_ORPHANS_H
#define EBB_TOOL_ORPHANS_H

#include <stdio.h>
#include <time.h>

#include "base/path.h"
#include "plan/config.h"

enum { TRASH_DAYS = 30 }; /* how long it is kept, unless another time is given */

struct orphans_wish {
    bool json, trash, empty, dry_run;
    unsigned older;      /* days that nothing in it has changed, 0: any */
    unsigned trash_days; /* what was moved longer ago is removed, with `trash` or `empty` */
    time_t now, booted;
};

/* Returns the exit status. */
int orphans_tell(struct target root, const struct config *config, const struct orphans_wish *wish,
                 FILE *out);

#endif
