/* The keyboard layout for the passphrase and the rescue screen, in the form the kernel takes: what
 * loadkeys(1) calls a binary keymap, and what init/keymap.h loads.
 *
 * It is that of `keymap` in ebb.conf; else that of the machine which builds: KEYMAP= in
 * /etc/vconsole.conf, else the XKB layout in /etc/default/keyboard. */
#ifndef EBB_IMAGE_KEYMAP_H
#define EBB_IMAGE_KEYMAP_H

#include <stddef.h>

#include "base/memory.h"
#include "plan/config.h"

/* `root` comes before the paths of the machine's files; "" for the running one. The length is 0
 * where the kernel's own layout, us, is wanted or nothing says which; then no program is needed. */
int keymap_make(struct arena *arena, const struct keymap *declared, const char *root,
                const char **data, size_t *length, struct error *error);

#endif
