/* The places that the declarations of secrets name, on volumes where the running system has them,
 * or in the folders that stand for them. The context is as in a boot, but that volumes are opened
 * when they are first asked for. */
#ifndef EBB_TOOL_SECRETS_PLACE_H
#define EBB_TOOL_SECRETS_PLACE_H

#include "plan/context.h"

struct context *places_new(struct arena *arena, const struct config *config, struct target root);
void places_close(const struct context *context);
/* "VOLUME=FOLDER": the folder stands for the volume, whatever it is. */
int places_map(struct context *context, const char *text, struct error *error);
/* Opens the root of a volume, once. */
int places_volume(struct context *context, const struct volume *volume, struct error *error);
/* Opens a file; `flags` are those of open(2). */
int places_open(struct context *context, const struct place *place, int flags, struct error *error);

#endif
