/* From the names of users and groups to numbers, by the new root's own /etc/passwd and /etc/group:
 * the machine that builds the image may number them differently. */
#ifndef EBB_PERSIST_OWNER_H
#define EBB_PERSIST_OWNER_H

#include <sys/types.h>

#include "base/error.h"

/* `name` may be a number already. `root` is a folder with an etc in it. */
int owner_user(int root, const char *name, uid_t *user, struct error *error);
int owner_group(int root, const char *name, gid_t *group, struct error *error);

#endif
