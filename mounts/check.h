/* The file system's own checker, from the image, before the volume is mounted: it may repair what
 * is safe to repair without asking, and whatever it did is told. */
#ifndef EBB_MOUNTS_CHECK_H
#define EBB_MOUNTS_CHECK_H

#include "plan/context.h"

/* STEP_CHECK for every volume with check=yes. */
void checks_plan(const struct config *config, struct plan *plan);
void check_sentence(const struct step *step, FILE *stream);
int check_apply(const struct step *step, struct context *context, struct error *error);

/* The program that checks a file system, or NULL; its package is what Debian calls it. */
const char *check_program(const char *fs_type, const char **package);

#endif
