/* Encrypted files and the secrets in them, as a boot delivers them: to /run/secrets, and to
 * /run/secrets-for-users for those that are needed before users are made.
 *
 * A file is decrypted once, by a child of its own (worker.h). What is delivered lies in memory that
 * is never swapped out (vault.h). A secret that cannot be had costs that secret: what a boot does
 * then goes by its class. */
#ifndef EBB_SECRETS_STEP_H
#define EBB_SECRETS_STEP_H

#include "plan/context.h"

/* Names that would be one file, files without a key, and the like. */
void secrets_check(const struct config *config, struct report *report);
/* STEP_SECRETS for every file of which something is wanted, STEP_TEMPLATE for every template, and
 * STEP_SHOW. */
void secrets_plan(const struct config *config, struct plan *plan);
void secrets_sentence(const struct step *step, FILE *stream);
int secrets_apply(const struct step *step, struct context *context, struct error *error);
/* Takes back what was delivered: another root is made. */
void secrets_discard(struct context *context);
void show_sentence(const struct step *step, FILE *stream);
int show_apply(const struct step *step, struct context *context, struct error *error);

#endif
