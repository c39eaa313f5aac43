/* Texts with secrets in them, such as a program's configuration: rendered from a template, which is
 * no secret itself, once all secrets are in the set.
 *
 * Placeholders are those of sops-nix, <SOPS:…:PLACEHOLDER> with the SHA-256 of the secret's name,
 * or <SECRET:name>. What a secret holds is put there as it is, and not looked at again. */
#ifndef EBB_SECRETS_TEMPLATE_H
#define EBB_SECRETS_TEMPLATE_H

#include "plan/context.h"

void template_sentence(const struct step *step, FILE *stream);
/* Whether it is there, and all secrets that it names are declared. */
int template_prove(const struct secret_entry *template, const struct context *context,
                   struct error *error);
int template_apply(const struct step *step, struct context *context, struct error *error);

#endif
