/* Which generation this boot is about: the last step of the volumes plan, because only then can the
 * store be read, and the first thing the root plan is made of. */
#ifndef EBB_GENERATIONS_CHOICE_H
#define EBB_GENERATIONS_CHOICE_H

#include "plan/context.h"

/* STEP_GENERATION; `choice` is that of the command line, or NULL for the declared default. */
void choice_plan(const struct config *config, const char *choice, struct plan *plan);
void choice_sentence(const struct step *step, FILE *stream);
int choice_apply(const struct step *step, struct context *context, struct error *error);
/* Chooses another one that this boot has not attempted yet: that which was good last, or the one
 * before. -ENOENT: there is none, or a person has chosen, whose choice stays. */
int choice_fall_back(struct context *context, struct error *error);
/* Chooses that which a person has named. */
int choice_take(struct context *context, unsigned number, struct error *error);
/* Whether there is one before that which was chosen. */
bool choice_has_previous(const struct context *context);
/* Chooses the one before that which was chosen, or the latest if none could be. */
int choice_previous(struct context *context, struct error *error);

#endif
