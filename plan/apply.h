/* Does a plan, step by step: each is logged by its sentence, timed, and kept for status.json. */
#ifndef EBB_PLAN_APPLY_H
#define EBB_PLAN_APPLY_H

#include "plan/context.h"

/* What became of one step. */
struct outcome {
    const struct step *step;
    const char *sentence;
    const char *failure; /* NULL: done */
    bool ignored;        /* it failed, and the declaration says to go on */
    unsigned long microseconds;
};

struct history {
    struct arena *arena;
    struct outcome *outcomes;
    size_t count;
    const char **setbacks; /* what stopped the boot before it went on nevertheless */
    size_t setback_count;
};

/* A plan on its way; `next` is the step that comes, or that has failed. */
struct course {
    const struct plan *plan; /* NULL: not made yet */
    size_t next;
};

/* Goes on from `next`, and stops there if the step fails; its outcome is then the last of the
 * history, and the next call tries it again. */
int plan_apply(struct course *course, struct context *context, struct history *history,
               struct error *error);
/* The boot goes on after a failure: of what was done, only the first `count` outcomes still hold.
 */
void history_go_on(struct history *history, size_t count, const struct error *error);

#endif
