/* A file system that cannot be used for writing, because it is damaged or write-protected: the boot
 * can go on with what is on it, while changes stay in memory and are lost at the next boot. */
#ifndef EBB_MOUNTS_DAMAGED_H
#define EBB_MOUNTS_DAMAGED_H

#include "plan/context.h"

/* What is said of such a volume, wherever it is. */
#define DAMAGED_SENTENCE                                                                           \
    "the volume \"%s\" is read-only, and what is changed on it is lost at the next boot"

/* Whether what damaged= says of the volume can be done. */
void damaged_check(const struct config *config, const struct volume *volume, struct report *report);
/* Whether the boot could go on so; if not, the log says why. */
bool damaged_can(const struct context *context, const struct volume *volume);
/* After a step about the volume: 1, and changes stay in memory from now on, if it failed and that
 * is declared; else `code`. */
int damaged_go_on(int code, const struct volume *volume, struct context *context);

/* The mount options for reading it: of those that are declared, what says where the file system is.
 */
const char *damaged_options(struct arena *arena, const struct volume *volume);
/* Mounts on `place` what is mounted read-only on `below`, with a layer in memory over it. */
int damaged_cover(const struct volume *volume, const char *below, const char *place,
                  struct error *error);

#endif
