/* The kernel's own file systems: one table says what is mounted first of all, and what the new root
 * takes over at the end. */
#ifndef EBB_MOUNTS_KERNEL_H
#define EBB_MOUNTS_KERNEL_H

#include "base/error.h"

/* Mounts what is not mounted yet, below "/". */
int kernel_mount(struct error *error);
/* Moves all of it into the new root, so that it goes on there without a gap. */
int kernel_move(int root, struct error *error);

/* Shows it in the new root, too: what is mounted in there meanwhile is seen in both. */
int kernel_lend(int root, struct error *error);
void kernel_take_back(int root);

#endif
