/* What an entry begins with: a copy of what the generation has there, unless declared otherwise;
 * with `ebb keep`, of what the running system has (persist/live.h). */
#ifndef EBB_PERSIST_SEED_H
#define EBB_PERSIST_SEED_H

#include "plan/context.h"

/* What an entry begins with on the running system. */
struct beginning {
    int fd;
    int (*copy)(const struct beginning *beginning, int made, struct error *error);
};

/* Opens what the entry is to begin with, in the generation's tree; -1 for nothing. */
int seed_open(const struct persist_entry *entry, const struct context *context, int *seed,
              struct error *error);
/* Fills what was made empty, with the seed's own owner and mode. */
int seed_copy(const struct persist_entry *entry, const struct context *context, int seed, int made,
              struct error *error);

#endif
