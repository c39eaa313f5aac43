/* Volumes: from a block device to a mounted file system that PID 1 works on by descriptor, and from
 * there to the place where the running system sees it. */
#ifndef EBB_MOUNTS_VOLUME_H
#define EBB_MOUNTS_VOLUME_H

#include "plan/context.h"

/* What is wrong with the declared volumes, one by one and side by side. */
void volumes_check(const struct config *config, struct report *report);
/* STEP_MOUNT for every volume, in the order of the declaration. */
void volumes_plan(const struct config *config, struct plan *plan);
/* The same, with the device and its check, of the volume that holds nothing but the record of
 * boots. What fails of it is told, and the boot goes on without. */
void volume_plan_record(const struct config *config, struct plan *plan);
void volume_sentence(const struct step *step, FILE *stream);
int volume_apply(const struct step *step, struct context *context, struct error *error);
/* Whether nothing can be written to the device, as to a card with its lock on. */
bool volume_is_protected(const char *device);

/* STEP_PLACE for every volume with a `mount`. */
void places_plan(const struct config *config, struct plan *plan);
void place_sentence(const struct step *step, FILE *stream);
int place_apply(const struct step *step, struct context *context, struct error *error);
/* Before the switch: what was shown in the new root is not needed where PID 1 worked on it. */
void places_release(const struct context *context);

#endif
