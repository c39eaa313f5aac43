/* Who an entry belongs to. */
#ifndef EBB_PERSIST_RESOLVE_H
#define EBB_PERSIST_RESOLVE_H

#include "plan/context.h"

/* Of those that nobody knows yet the names are given, and the numbers are 0: some services make
 * their users only when the system runs (persist/late.h). */
struct owner {
    uid_t user;
    gid_t group;
    const char *late_user, *late_group; /* NULL: known */
};

void owner_resolve(const struct persist_entry *entry, const struct context *context,
                   struct owner *owner);
/* The user of a home, and the user's primary group; 0 for a group that nobody knows. */
void owner_of_home(const struct home *home, const struct context *context, struct owner *owner);
/* Is the home where the entry's declaration says it is? */
int home_verify(const struct home *home, const struct context *context, struct error *error);

#endif
