/* GRUB as the boot loader: the menu that a grub.cfg sources, and the block for what is booted once.
 */
#ifndef EBB_TOOL_BOOT_GRUB_H
#define EBB_TOOL_BOOT_GRUB_H

#include "tool/boot_plan.h"

/* What is to be put so that GRUB has these entries. What is there already is not. */
int boot_grub_puts(struct arena *arena, int esp, const struct boot_entries *declared,
                   const char *token, const struct boot_want *wants, size_t want_count,
                   struct boot_put **puts, size_t *count, struct error *error);
/* The entry that GRUB boots at the next boot alone; NULL: there is none, or no block. */
const char *boot_grub_next(struct arena *arena, int esp, const char *token);
/* Whether there is a menu for GRUB. */
bool boot_grub_is_there(struct arena *arena, int esp, const char *token);

#endif
