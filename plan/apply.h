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
};

/* Stops at the first step that fails; its outcome is then the last of the history. */
int plan_apply(const struct plan *plan, struct context *context, struct history *history,
               struct error *error);
#endif
