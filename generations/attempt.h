/* What a boot writes into the record of boots: that it began, what became of each generation that
 * it attempted, and that it waited for a person. Where nothing can be written, that is told, and
 * the boot goes on. */
#ifndef EBB_GENERATIONS_ATTEMPT_H
#define EBB_GENERATIONS_ATTEMPT_H

#include "generations/record.h"
#include "plan/context.h"

/* STEP_RECORD, where the record lies on a volume of its own: that the boot has begun is written
 * before the state volume is touched. */
void record_plan(const struct config *config, const char *choice, struct plan *plan);
void record_sentence(const struct step *step, FILE *stream);
int record_apply(const struct step *step, struct context *context, struct error *error);

/* How the boot before this one ended, a word of record_end_names; NULL: there was none whose init
 * was executed, or nothing is known of it. */
const char *attempt_last_end(const struct context *context);
/* Opens and reads the record. Below 0: nothing is known of other boots, and `record` is empty. */
int attempt_record(const struct context *context, struct record *record);
void attempt_write(int fd, struct record *record);
/* What was meant for a boot before this one: ends a trial that nobody has confirmed, and tells so;
 * and goes on with no boot that is over. */
void attempt_settle(struct context *context, int fd, struct record *record);
/* Whether the boot that the step begins is to be the trial: of the generation that is asked for, or
 * unasked. */
bool attempt_is_due(const struct step *step, const struct record *record);

/* What became of the chosen generation, or of the boot before one was chosen; `text` is why it
 * failed. */
void attempt_note(const struct context *context, enum record_stage stage, const char *text);
/* It failed, or a person is to choose. */
void attempt_failed(const struct context *context, const struct error *error);
/* Whether a person is waited for has changed. */
void attempt_wait(const struct context *context);

#endif
