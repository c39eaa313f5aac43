/* What the next boot alone is of: told to the boot loader, in the way that it understands. */
#ifndef EBB_GENERATIONS_ONCE_H
#define EBB_GENERATIONS_ONCE_H

#include "generations/entry.h"

/* `name` is that of an entry on the boot partition `esp`; NULL takes back what was asked before.
 * -ENOTSUP: the loader cannot do it. */
int once_ask(int esp, int efivars, const struct boot_entries *boot, const char *token,
             const char *name, struct error *error);

#endif
