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
enum { DEVICE_TYPE_SIZE = 64 };
/* What the device or image `path` holds, as libblkid calls it; false: nothing that is known. */
bool device_type(const char *path, char type[static DEVICE_TYPE_SIZE]);
/* Whether there is nothing at all on `path`: no file system, no partition table, nothing that
 * contradicts itself. What cannot be read is not empty. */
bool device_is_empty(const char *path);
/* What is there, for people: "ext4", "a gpt partition table", "more than one kind of content". */
void device_content(const char *path, char content[static DEVICE_TYPE_SIZE]);
/* A line per block device with its tags, for people who wonder why theirs was not found. */
void device_list(FILE *stream);

#endif
