/* When the boot cannot go on: tell what failed and who asked for it, offer what can be done, and
 * follow the declared policy. Never a kernel panic, never a silent hang. */
#ifndef EBB_INIT_RESCUE_H
#define EBB_INIT_RESCUE_H

#include "plan/apply.h"

/* What rescue() does when nobody chooses; until then it waits. */
void rescue_policy(const struct rescue *policy);

/* How the boot is to go on. */
enum rescue_choice { RESCUE_RETRY, RESCUE_MEMORY, RESCUE_PREVIOUS, RESCUE_OTHER };
extern const char *const rescue_choice_names[];

/* Tells the failure, and returns when there is a reason to go on: a person chose so, or what was
 * waited for has come. Otherwise it reboots or powers off. `context` is NULL if nothing can be
 * tried again: the boot never came so far, or too far. */
enum rescue_choice rescue(struct context *context, const struct history *history,
                          const struct error *error);
/* Ends the machine at once, with what is mounted made read-only. */
_Noreturn void rescue_leave(bool power_off);

#endif
