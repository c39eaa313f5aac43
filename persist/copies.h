/* The list of what was copied into the root, in /run/ebb/copies.json: PID 1 leaves it for
 * `ebb write-back`, which has nothing else to go by, for the configuration may be changed since. */
#ifndef EBB_PERSIST_COPIES_H
#define EBB_PERSIST_COPIES_H

#include "plan/context.h"

#define COPIES_LIST "/run/ebb/copies.json"

struct copied {
    const char *target;   /* the path in the running system */
    const char *volume;   /* the name of the volume, for people */
    const char *place;    /* where the running system sees the volume */
    const char *path;     /* the path on it */
    const char *identity; /* what the volume at that place must be */
};

struct copies {
    struct copied *items;
    size_t count;
};

/* What the list says of an entry. */
struct copied copies_item(const struct persist_entry *entry, const struct context *context);
/* Writes no list if nothing was copied. */
int copies_write(const char *path, const struct context *context, struct error *error);
/* -ENOENT: there is no list. What was read belongs to the arena. */
int copies_read(struct arena *arena, const char *path, struct copies *copies, struct error *error);
/* On the running system: what the list says of `target` becomes `copied`, or goes if that is NULL.
 */
int copies_change(const char *path, const char *target, const struct copied *copied,
                  struct error *error);

#endif
