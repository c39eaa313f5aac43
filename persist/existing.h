/* An entry that is on the volume already: is its owner the declared one, and its mode not more
 * permissive? Only what the declaration says is compared, and only the entry itself is touched. */
#ifndef EBB_PERSIST_EXISTING_H
#define EBB_PERSIST_EXISTING_H

#include "persist/resolve.h"

int existing_apply(const struct persist_entry *entry, struct context *context, int source,
                   struct error *error);

#endif
