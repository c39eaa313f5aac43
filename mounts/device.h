/* The device that a declared tag means. Two devices with the tag are refused, never chosen between
 * by luck; a container is never confused with a file system that looks like it. */
#ifndef EBB_MOUNTS_DEVICE_H
#define EBB_MOUNTS_DEVICE_H

#include "mounts/watch.h"

/* STEP_DEVICE for the volumes that are containers, or for the others. Volumes that only hold keys
 * are not waited for. */
void devices_plan(const struct config *config, bool containers, struct plan *plan);
void device_sentence(const struct step *step, FILE *stream);
int device_apply(const struct step *step, struct context *context, struct error *error);

/* Looks for the device of a volume among those that are there. */
void device_advance(struct watch *watch, const struct volume *volume);
/* Says why the volume was not found. */
int device_overdue(struct watch *watch, const struct volume *volume, struct error *error);
/* Whether the volume is of no use but to unlock others. */
bool device_is_key(const struct volume *volume);

#endif
