/* The ephemeral root: made in memory or as a subvolume, and laid out from a generation.
 *
 * With `root tmpfs` and `root subvolume` the folders that hold programs are bound read-only from
 * the generation's tree, and the rest (etc, var, root …) is copied, so that it can be written and
 * is gone at the next boot. With `root overlay` the whole tree lies below a writable layer in
 * memory. */
#ifndef EBB_MOUNTS_ROOT_H
#define EBB_MOUNTS_ROOT_H

#include "plan/context.h"

void root_check(const struct config *config, struct report *report);
/* STEP_ROOT, and STEP_TREE where there is a tree, and the root is not an overlay. */
void root_plan(const struct config *config, const struct generation *generation, struct plan *plan);
void root_sentence(const struct step *step, FILE *stream);
int root_apply(const struct step *step, struct context *context, struct error *error);
void tree_sentence(const struct step *step, FILE *stream);
int tree_apply(const struct step *step, struct context *context, struct error *error);
/* Before the switch: what lies below an overlay is shown to whoever ends the system. */
void root_show_lower(const struct context *context);
/* Takes a root that cannot be entered away again, with all that was mounted in it. */
void root_discard(struct context *context);

#endif
