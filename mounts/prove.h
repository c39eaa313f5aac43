/* The last step before the point of no return: whether the new root can be entered at all. What is
 * found here leads to the rescue screen; what execve would find later leads nowhere. */
#ifndef EBB_MOUNTS_PROVE_H
#define EBB_MOUNTS_PROVE_H

#include "plan/context.h"

/* STEP_PROVE: `init` is that of the command line or NULL. */
void prove_plan(const struct config *config, const struct generation *generation, const char *init,
                struct plan *plan);
void prove_sentence(const struct step *step, FILE *stream);
int prove_apply(const struct step *step, struct context *context, struct error *error);

/* The same of any tree. */
struct proof {
    int root;
    const char *init, *subject; /* whose init it is, such as "generation 7" */
    const char *remedy;         /* what to do if it cannot be executed */
};
int prove_init(const struct proof *proof, struct error *error);

#endif
