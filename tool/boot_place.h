/* The boot partition of `ebb boot`: a folder that was named, or the declared volume, which is
 * mounted for us alone unless the running system has it mounted. */
#ifndef EBB_TOOL_BOOT_PLACE_H
#define EBB_TOOL_BOOT_PLACE_H

#include "plan/config.h"

/* `folder` may be NULL. Returns a descriptor; what was mounted goes with it. */
int boot_place_open(const struct config *config, const char *folder, struct error *error);

#endif
