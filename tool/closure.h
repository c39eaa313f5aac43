/* What a system in a Nix store is made of: all store paths that it leads to. */
#ifndef EBB_TOOL_CLOSURE_H
#define EBB_TOOL_CLOSURE_H

#include "tool/packages.h"

/* Nix itself is asked for them; without it, nothing is known. A package of several versions, or
 * outputs, has all of them for a version. */
int closure_read(struct arena *arena, const char *system, struct packages *packages,
                 struct error *error);

#endif
