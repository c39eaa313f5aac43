/* The hooks of a configuration in its image: each program with what it needs to start, and with
 * what the declaration says it needs besides: files, folders and other programs, at the same places
 * as in the system that they are taken from. */
#ifndef EBB_IMAGE_HOOKS_H
#define EBB_IMAGE_HOOKS_H

#include "image/image.h"
#include "plan/config.h"

int hook_add(struct image *image, const struct hook *hook, struct error *error);
/* What would keep the hooks out of an image that is made here and now. */
void hooks_prove(const struct config *config, struct report *report);

#endif
