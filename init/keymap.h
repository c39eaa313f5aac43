/* The keyboard layout that the builder put into the image, loaded before anybody types. */
#ifndef EBB_INIT_KEYMAP_H
#define EBB_INIT_KEYMAP_H

#include <linux/kd.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

/* Gives the keymap in the file to the kernel, for all virtual terminals. Without the file, or on a
 * machine without virtual terminals, there is nothing to do. */
int keymap_load(const char *path, struct error *error);

/* The keys of a binary keymap, as "loadkeys -b" writes it. */
int keymap_parse(struct arena *arena, const char *data, size_t length, struct kbentry **entries,
                 size_t *count, struct error *error);

#endif
