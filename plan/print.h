/* A plan for people and for programs. */
#ifndef EBB_PLAN_PRINT_H
#define EBB_PLAN_PRINT_H

#include "plan/step.h"

/* One line per step: its sentence, and where it was asked for at the right. */
void plan_print(const struct plan *plan, FILE *stream);

#endif
