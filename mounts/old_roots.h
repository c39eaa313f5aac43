/* Old roots: what a subvolume that is the root becomes when a fresh one takes its place. They lie
 * beside it, as NAME.old-20260131T235959, and are deleted when they were kept long enough.
 *
 * The clock of an initramfs may be wrong, so a date is no more than a hint: the newest one is never
 * deleted, nor is one from the future. */
#ifndef EBB_MOUNTS_OLD_ROOTS_H
#define EBB_MOUNTS_OLD_ROOTS_H

#include "plan/context.h"

enum { OLD_ROOT_SUFFIX = 40 }; /* is longer than any */

struct old_root {
    const char *name;
    int64_t time;    /* in seconds since 1970 */
    unsigned number; /* of those of one second; the first is 1 */
    bool expired;
};

/* The name of the old root of `root` (its own name, without folders). */
void old_root_name(char *name, size_t size, const char *root, int64_t time, unsigned number);
/* False for what is no name of an old root of `root`. */
bool old_root_read(const char *root, const char *name, struct old_root *old);
/* When a root ended that was last changed at `changed`, and what time it is, if anybody knows: the
 * clock of a machine that has none begins in 1970, and is set from the network when it runs. Both
 * err to the side that keeps more. */
struct old_root_dates {
    int64_t end, now;
};
struct old_root_dates old_root_dates(int64_t clock, int64_t changed);
/* Decides which of them are to go. */
void old_roots_choose(struct old_root *list, size_t count, int64_t now, uint64_t keep);

/* STEP_EXPIRE: what cannot be deleted costs a warning. */
void expire_sentence(const struct step *step, FILE *stream);
int expire_apply(const struct step *step, struct context *context, struct error *error);

#endif
