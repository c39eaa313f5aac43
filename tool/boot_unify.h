/* Unified images in the place of entries: kernel, image and options of each in one EFI program. */
#ifndef EBB_TOOL_BOOT_UNIFY_H
#define EBB_TOOL_BOOT_UNIFY_H

#include "tool/boot_source.h"

/* The image is made of what the entry would boot, unless one that was made of the same is there.
 * Without a scratch folder nothing is made, and its size is guessed. */
int boot_unify(const struct boot_source *source, struct boot_want *want, struct error *error);

#endif
