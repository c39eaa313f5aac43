/* The folders above an entry, on the volume and in the new root. One that is missing is never made
 * after the entry: it is root's with the mode that everybody expects (base/path.h), but in a home
 * it is the user's own, and closed. */
#ifndef EBB_PERSIST_PARENTS_H
#define EBB_PERSIST_PARENTS_H

#include "persist/resolve.h"

/* Opens the folder that the entry lies in with O_PATH, and points `name` at the entry's name in it.
 * `path` is the entry's source or its target, as a path below `folder`. */
int parents_open(const struct persist_entry *entry, struct context *context, int folder,
                 const char *path, int *parent, const char **name, struct error *error);

#endif
