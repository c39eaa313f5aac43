/* The programs of others that volumes need at boot, which the image has to bring. */
#ifndef EBB_MOUNTS_TOOLS_H
#define EBB_MOUNTS_TOOLS_H

#include "plan/config.h"

struct tool {
    const char *path; /* where PID 1 runs it; its last part is its name on any machine */
    const char *package;
    struct origin origin; /* of a volume that needs it */
};

/* Each once. */
const struct tool *tools_wanted(struct arena *arena, const struct config *config, size_t *count);

#endif
