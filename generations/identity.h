/* The identity of a state volume: one line in `.ebb/store-id` at its top. A volume without one, or
 * with another one, gets nothing of ours: it is somebody else's disk, or an empty mount point. */
#ifndef EBB_GENERATIONS_IDENTITY_H
#define EBB_GENERATIONS_IDENTITY_H

#include "plan/context.h"

enum { IDENTITY_SIZE = 64 };

/* STEP_IDENTITY for every volume that holds state. */
void identity_plan(const struct config *config, struct plan *plan);
void identity_sentence(const struct step *step, FILE *stream);
int identity_apply(const struct step *step, struct context *context, struct error *error);

/* Reads the identity of the volume at `folder`. -ENOENT: it has none. */
int identity_read(int folder, char identity[static IDENTITY_SIZE], struct error *error);
/* Opens the volume `name` at `place` of a running system, if that is the one of this `identity`. */
int identity_open(const char *place, const char *name, const char *identity, int *volume,
                  struct error *error);
/* Refuses a volume that has an identity, even a broken one, and an `identity` that is no name. */
int identity_check_new(int folder, const char *identity, struct error *error);
/* Gives the volume an identity, a new one if `identity` is NULL; refuses one that has it already.
 */
int identity_make(int folder, const char *identity, struct error *error);

#endif
