/* Owners whom nobody knows before the system runs: the entry is made for root alone, and a line in
 * /run/tmpfiles.d/ebb.conf lets systemd give it to its owner once there is one. */
#ifndef EBB_PERSIST_LATE_H
#define EBB_PERSIST_LATE_H

#include "persist/resolve.h"

/* Gives the entry its owner and `mode`. */
void late_entry(const struct persist_entry *entry, const struct owner *owner, mode_t mode,
                struct context *context);
/* Gives everything below `path` to the user of a home; modes stay as they are. One by one from
 * above, systemd would refuse to go from the user's own folder into one of root's. */
void late_home(const char *path, const struct owner *owner, struct context *context);

#endif
