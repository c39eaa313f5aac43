/* Symbolic links followed by name: on the disk, inside an image that is being built, and inside one
 * that is being read. One walk, told by a function what is a link. */
#ifndef EBB_IMAGE_LINKS_H
#define EBB_IMAGE_LINKS_H

#include <limits.h>

#include "base/error.h"

/* Returns 1 and the target if `path`, none of whose parents is a link, is a link; 0 if it is not.
 */
typedef int links_lookup(void *context, const char *path, char target[PATH_MAX],
                         struct error *error);

/* The absolute path without links, "." and ".."; what leads above "/" stays in "/". Without a
 * lookup nothing is a link. */
int links_resolve(const char *path, links_lookup *lookup, void *context, char resolved[PATH_MAX],
                  struct error *error);
/* A lookup on the disk; the context points to the descriptor of the folder that is "/". */
int links_on_disk(void *context, const char *path, char target[PATH_MAX], struct error *error);

#endif
