/* A system of Nix whose first stage would be systemd's has a program beside its init, prepare-root,
 * which has to be run in the new root before: it makes the store read-only, and /etc and all else
 * that a system of Nix makes at every boot. Its init is a copy of systemd, and does none of this;
 * that of other systems is a script which does it all.
 *
 * It is run while there is a way back: if it fails, another generation is booted. */
#ifndef EBB_MOUNTS_PREPARE_H
#define EBB_MOUNTS_PREPARE_H

#include "plan/context.h"

/* STEP_PREPARE: `init` is that of the command line or NULL. */
void prepare_plan(const struct config *config, const struct generation *generation,
                  const char *init, struct plan *plan);
void prepare_sentence(const struct step *step, FILE *stream);
/* Whether there is such a program beside `init`, a path of the new root. */
bool prepare_is_beside(const struct context *context, const char *init);
int prepare_apply(const struct step *step, struct context *context, struct error *error);

#endif
