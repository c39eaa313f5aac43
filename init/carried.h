/* The configuration that a generation carries in the store: what persists, which
 * secrets there are, and what the root is. So a rollback rolls that back, too. */
#ifndef EBB_INIT_CARRIED_H
#define EBB_INIT_CARRIED_H

#include "plan/context.h"

/* The chosen generation's, with what stays the image's; `image` itself if it carries none. */
int carried_read(const struct context *context, const struct config *image,
                 const struct config **config, struct error *error);

#endif
