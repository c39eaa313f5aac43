/* What GRUB sources so that our entries are in its menu. GRUB does not read the entries themselves:
 * only some of its builds know the Boot Loader Specification. */
#ifndef EBB_GENERATIONS_GRUB_H
#define EBB_GENERATIONS_GRUB_H

#include "generations/entry.h"

struct grub_entry {
    const char *id; /* what other loaders call it, too */
    struct entry entry;
};

/* Where the menu, and the block by which GRUB is told what to boot once, lie on the boot partition.
 */
const char *grub_menu_path(struct arena *arena, const char *token);
const char *grub_block_path(struct arena *arena, const char *token);

/* The menu, with `id` for its default. An entry is in it only while all it names is there. */
const char *grub_menu(struct arena *arena, const char *token, const char *id,
                      const struct grub_entry *entries, size_t count);

#endif
