/* A kernel and the modules of another one are never mixed: where the generation that was chosen has
 * none for the kernel that runs, PID 1 starts the kernel that its boot entry names, with the image
 * of that; for a Nix profile, those that its system names. The PID 1 in there goes on with this
 * boot: it has the same identity and the same choice, so that nothing is counted twice. */
#ifndef EBB_GENERATIONS_KEXEC_H
#define EBB_GENERATIONS_KEXEC_H

#include "plan/context.h"

/* Whether a generation has no modules for the kernel that runs. */
bool kexec_is_needed(const struct context *context, const struct generation *generation);
/* Whether there are boot entries or a Nix profile, and this kernel is not one that was started so
 * already. */
bool kexec_is_possible(const struct context *context);

/* Whether the boot before this one was ended so that the boot loader boots the chosen generation.
 */
bool kexec_was_ordered(const struct context *context);

/* STEP_KERNEL, where there are boot entries or a Nix profile. */
void kexec_plan(const struct config *config, struct plan *plan);
void kexec_sentence(const struct step *step, FILE *stream);
/* Does nothing where it is not needed; else it returns only on failure. */
int kexec_apply(const struct step *step, struct context *context, struct error *error);

/* The parameters of the kernel that is started; `options` are those of its entry. */
const char *kexec_parameters(const struct context *context, const char *options);

#endif
