/* When the boot cannot go on: tell what failed and who asked for it, and follow the declared
 * policy. Never a kernel panic, never a silent hang. */
#ifndef EBB_INIT_RESCUE_H
#define EBB_INIT_RESCUE_H

#include "plan/apply.h"

/* What is done about a fault in PID 1 itself from now on, and by rescue(). */
void rescue_policy(const struct rescue *policy);
/* Catches faults of PID 1 (CONTRIBUTING, "What must hold", 6). */
void rescue_catch_faults(void);
/* Tells the failure, and reboots, powers off or waits. `history` may be NULL. */
_Noreturn void rescue(const struct history *history, const struct error *error);

#endif
