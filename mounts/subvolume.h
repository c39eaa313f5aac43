/* `root subvolume`: the root is a subvolume of btrfs that is made anew at every boot.
 *
 * The fresh one is made and laid out under a temporary name, while the old root lies untouched
 * under its own. Only when it is proved that it can be entered, the old one is renamed to a dated
 * name (mounts/old_roots.h) and the fresh one takes its place. So a boot that fails costs nothing,
 * and a power cut leaves the old root, or a fresh one, or none, which is made then; what is left
 * under the temporary name is deleted. */
#ifndef EBB_MOUNTS_SUBVOLUME_H
#define EBB_MOUNTS_SUBVOLUME_H

#include <limits.h>

#include "plan/context.h"

void subvolume_check(const struct config *config, struct report *report);
/* STEP_RESET and STEP_EXPIRE. */
void subvolume_plan(const struct config *config, struct plan *plan);
/* For STEP_ROOT: makes the fresh subvolume, or takes the old one where a marker says so, and mounts
 * it in the place of the new root. */
void subvolume_sentence(const struct step *step, FILE *stream);
int subvolume_mount(const struct root *root, struct context *context, struct error *error);
void reset_sentence(const struct step *step, FILE *stream);
int reset_apply(const struct step *step, struct context *context, struct error *error);

/* The folder that the root and the old roots lie in, and the root's name there. */
int subvolume_open_folder(const struct root *root, const struct context *context, int *folder,
                          char name[static NAME_MAX + 1], struct error *error);

#endif
