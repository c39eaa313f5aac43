/* User programs at named points of the boot. They lie in the image, run in the initramfs with the
 * new root at $EBB_ROOT, and what they print goes to the log; ebb.conf(5) describes their world. */
#ifndef EBB_HOOKS_RUN_H
#define EBB_HOOKS_RUN_H

#include "plan/context.h"

/* What is wrong with the declared hooks. */
void hooks_check(const struct config *config, struct report *report);
/* STEP_HOOK for each hook of a point, in the order of the declaration. */
void hooks_plan(const struct config *config, enum hook_point point, struct plan *plan);
void hook_sentence(const struct step *step, FILE *stream);
int hook_apply(const struct step *step, struct context *context, struct error *error);
/* Whether the step is one without which the boot counts as degraded. */
bool hook_degrades(const struct step *step);
/* Runs the hooks of a point that is in no plan, because nobody knows whether a boot comes to it.
 * `failure` is why it came to a rescue, or NULL. */
void hooks_run(const struct context *context, enum hook_point point, const char *failure);

#endif
