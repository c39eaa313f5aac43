/* The steps about modules: the drivers of this machine's devices, which a child looks after, and
 * what the declaration needs by name. */
#ifndef EBB_KCONFIG_STEP_H
#define EBB_KCONFIG_STEP_H

#include "plan/context.h"

/* The names of all modules the declaration needs, each once, in the order of the plan. */
const char **modules_wanted(struct arena *arena, const struct config *config, size_t *count);
/* Those that the kernel may ask for by itself, if it has them (kconfig/request.h). */
const char **modules_useful(struct arena *arena, const struct config *config, size_t *count);

/* STEP_DRIVERS, and STEP_MODULE for what disks are put together with. */
void drivers_plan(const struct config *config, struct plan *plan);
/* STEP_MODULE for each other module that is needed by name. */
void modules_plan(const struct config *config, struct plan *plan);
void drivers_sentence(const struct step *step, FILE *stream);
int drivers_apply(const struct step *step, struct context *context, struct error *error);
void module_sentence(const struct step *step, FILE *stream);
int module_apply(const struct step *step, struct context *context, struct error *error);

#endif
