/* From the declaration to the two plans of a boot. Pure: nothing is read, nothing is written, so
 * that the tool can print on one machine what another will do. */
#ifndef EBB_PLAN_MAKE_H
#define EBB_PLAN_MAKE_H

#include "plan/step.h"

/* Everything that is wrong with what the declarations mean together. */
void config_check(const struct config *config, struct report *report);
/* Drivers, devices, mounts, and the choice of the generation: what the image's configuration alone
 * decides. `choice` is the command line's, or NULL. */
struct plan *plan_volumes(struct arena *arena, const struct config *config, const char *choice);
/* The new root: what the chosen generation decides. `init` is that of the kernel command line, or
 * NULL. */
struct plan *plan_root(struct arena *arena, const struct config *config,
                       const struct generation *generation, const char *init);

#endif
