/* A system that hibernated still has its file systems mounted, in the image that it will wake up
 * from. Who writes to them meanwhile destroys them, so nothing is mounted before it is known that
 * there is no such image. */
#ifndef EBB_MOUNTS_HIBERNATION_H
#define EBB_MOUNTS_HIBERNATION_H

#include "plan/context.h"

/* STEP_HIBERNATION, where the root is a subvolume: all other roots begin in memory. */
void hibernation_plan(const struct config *config, struct plan *plan);
void hibernation_sentence(const struct step *step, FILE *stream);
int hibernation_apply(const struct step *step, struct context *context, struct error *error);

/* What the kernel's command line says of it. */
struct resume {
    char device[300];          /* resume=, "" for nothing */
    unsigned long long offset; /* resume_offset=, in pages: of a swap file */
    bool is_given_up;          /* noresume */
};
void resume_read(const char *line, struct resume *resume);

#endif
