/* A tree copied by descriptors: contents, owners, modes, times, extended attributes (so ACLs too),
 * hard links, holes, devices and symbolic links come out as they were. Mount points inside the
 * source are copied as the folders they cover. */
#ifndef EBB_BASE_COPY_H
#define EBB_BASE_COPY_H

#include "base/error.h"

/* Whether the copy of the tree `source` into `target`, or into a folder below it, would meet
 * itself: -EINVAL if `target` lies in the tree. The copies find that too, but only when they come
 * there. */
int copy_check(int source, int target, struct error *error);
/* Copies what is in the folder `source` into the folder `target`, which gets the source's own
 * owner and mode. Existing folders are merged into; anything else in the way is an error. */
int copy_tree(int source, int target, struct error *error);
/* Copies an open file into another, which is empty and gets the source's own owner and mode. */
int copy_open_file(int source, int target, struct error *error);
/* Copies the thing called `name`, of whichever kind, from one folder into another. */
int copy_named(int source, int target, const char *name, struct error *error);

#endif
