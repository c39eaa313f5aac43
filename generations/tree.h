/* The tree of a generation, whatever its shape: a folder, or an image of one. */
#ifndef EBB_GENERATIONS_TREE_H
#define EBB_GENERATIONS_TREE_H

#include "base/error.h"

/* Opens what is called `path` in `folder`; `image` says of which file system it is an image, NULL
 * of none. One is mounted for that where nobody sees it, until what is returned is closed: only
 * root can, and no other process finds it but by /proc/PID/fd. */
int tree_open(int folder, const char *path, const char *image, struct error *error);

#endif
