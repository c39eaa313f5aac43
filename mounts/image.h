/* A generation whose tree is an image of a file system: it is mounted where PID 1 works, and is
 * then a tree like any other. */
#ifndef EBB_MOUNTS_IMAGE_H
#define EBB_MOUNTS_IMAGE_H

#include "plan/context.h"

/* STEP_IMAGE, if the generation is one, or might be. */
void image_plan(const struct config *config, const struct generation *generation,
                struct plan *plan);
void image_sentence(const struct step *step, FILE *stream);
int image_apply(const struct step *step, struct context *context, struct error *error);
/* Where it is mounted, for the running system too. */
const char *image_place(const struct context *context);
/* Before another generation is tried. */
void image_discard(struct context *context);

#endif
