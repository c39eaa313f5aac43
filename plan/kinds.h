/* The table of step kinds: how each is told and how it is done. A new kind of step is a row. */
#ifndef EBB_PLAN_KINDS_H
#define EBB_PLAN_KINDS_H

#include "plan/context.h"

struct step_kind_row {
    const char *name; /* in JSON */
    void (*sentence)(const struct step *step, FILE *stream);
    /* 0, -errno, or 1: it failed, the error says how, and the declaration says to go on. */
    int (*apply)(const struct step *step, struct context *context, struct error *error);
};

extern const struct step_kind_row step_kinds[STEP_KINDS];

/* The step's sentence; it belongs to the arena. */
const char *step_sentence(struct arena *arena, const struct step *step);

#endif
