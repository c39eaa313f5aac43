/* What `ebb keep` and `ebb drop` work on: the running system, as its boot and its configuration
 * tell of it. */
#ifndef EBB_TOOL_RUNNING_H
#define EBB_TOOL_RUNNING_H

#include "persist/live.h"
#include "plan/edit.h"
#include "tool/booted.h"

struct running {
    struct arena *arena;
    struct target root;
    struct booted booted;
    int lock;                /* two of us would change the same files */
    struct context *context; /* once there is one */
};

int running_open(struct arena *arena, struct target root, struct running *running,
                 struct error *error);
void running_close(const struct running *running);

/* Makes the context of an entry: as in a boot, but that of other volumes only those are open that
 * are there. Refuses one whose volume keeps nothing. */
int running_context(struct running *running, const struct config *config,
                    const struct persist_entry *entry, struct error *error);
/* Has `ebb write-back` begin again, whose list was changed. */
void running_write_back(void);
/* Says what has to follow a change of the configuration. */
void running_tell(const struct running *running, const struct config *config,
                  const struct edit *edit);

#endif
