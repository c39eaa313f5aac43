/* Block devices: which one a declared tag means, and waiting until it is there.
 *
 * The kernel's events are listened to before the devices that exist already are looked at, so none
 * is missed; when the kernel had to drop events, everything is looked at again. Two devices with
 * the tag are refused, never chosen between by luck. */
#ifndef EBB_MOUNTS_DEVICE_H
#define EBB_MOUNTS_DEVICE_H

#include "plan/context.h"

/* STEP_DEVICE for every volume. */
void devices_plan(const struct config *config, struct plan *plan);
void device_sentence(const struct step *step, FILE *stream);
int device_apply(const struct step *step, struct context *context, struct error *error);

/* Whether the device or image `path` carries `tag` (UUID=… and so on). */
bool device_matches(const char *path, const char *tag);
/* A line per block device with its tags, for people who wonder why theirs was not found. */
void device_list(FILE *stream);

#endif
