/* What `ebb rollback --with-state` has ordered, done by the next boot before anything of it is
 * shown: each folder of persist entries changes places with a writable snapshot of what it was.
 *
 * The two are exchanged by one rename, so that a power cut leaves the old or the new one, and the
 * order stays until all is done. Which of them lies where is told by their ids: btrfs counts
 * upwards, so the greater one is the snapshot. */
#ifndef EBB_PERSIST_RESTORE_H
#define EBB_PERSIST_RESTORE_H

#include "plan/context.h"

/* STEP_STATE for each volume of btrfs with persist entries. What fails is told, and the boot goes
 * on with the state that is there. */
void restore_plan(const struct config *config, struct plan *plan);
void restore_sentence(const struct step *step, FILE *stream);
int restore_apply(const struct step *step, struct context *context, struct error *error);

#endif
