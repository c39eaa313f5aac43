/* The databases of users and groups, /etc/passwd and /etc/group, read without libc: they are those
 * of another root, whose machine may number them differently. */
#ifndef EBB_PLAN_OWNER_H
#define EBB_PLAN_OWNER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct account {
    unsigned number; /* of the user or group */
    bool has_group;  /* false for a group, and where the line ends before it */
    gid_t group;     /* the user's primary one */
    char home[PATH_MAX];
};

/* Looks `name` up in a database that is open; `file` is for messages. */
int owner_find(int database, const char *file, const char *name, struct account *account,
               struct error *error);
/* The same in that of `root`, a folder with an etc in it. */
int owner_user(int root, const char *name, struct account *account, struct error *error);
int owner_group(int root, const char *name, struct account *account, struct error *error);

#endif
