/* From the initramfs to the real system: the last thing PID 1 does as Ebb. Everything that can be
 * checked was checked before (STEP_PROVE), so little can fail here, and what does leads to rescue.
 */
#ifndef EBB_INIT_SWITCH_H
#define EBB_INIT_SWITCH_H

#include <stdbool.h>

#include "plan/context.h"

/* Ends what still runs, gives the new root the kernel's file systems, frees the memory of the
 * initramfs and executes `init` with `arguments`. Returns only on failure. */
int switch_root(const struct context *context, const char *init, char *const arguments[],
                bool read_only, struct error *error);

#endif
