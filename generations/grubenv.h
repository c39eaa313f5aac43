/* GRUB's environment block: a file of 1024 bytes by which GRUB and the system leave each other
 * variables. GRUB cannot make files, and writes this one where its blocks are, so it is never
 * replaced by another file: only what is in it changes. */
#ifndef EBB_GENERATIONS_GRUBENV_H
#define EBB_GENERATIONS_GRUBENV_H

#include "base/error.h"
#include "base/memory.h"

enum { GRUBENV_SIZE = 1024 };

/* A block without variables. */
void grubenv_empty(char block[static GRUBENV_SIZE]);
/* Opens the block `path` below a folder, for writing. -ENOENT, with the remedy: it is missing. */
int grubenv_open(int folder, const char *path, struct error *error);
/* The entry that is booted once, at the next boot; NULL: none is. -EBADMSG: it is no block. */
int grubenv_next(struct arena *arena, int fd, const char **entry, struct error *error);
/* Sets it; all other variables stay. NULL: no entry is. -ENOTSUP: GRUB could not unset it there. */
int grubenv_set_next(int fd, const char *entry, struct error *error);

#endif
