/* The manifest.json of sops-nix, included as it is: it becomes the text of an ebb.conf, which
 * declares the same secrets, and which is also what an image holds. So one reader knows what a
 * declaration means, and what this one leaves out is told. */
#ifndef EBB_PLAN_SOPS_NIX_H
#define EBB_PLAN_SOPS_NIX_H

#include <stdbool.h>

#include "plan/report.h"

/* Whether it is JSON, which no ebb.conf is. */
bool sops_nix_is(const char *text);
/* `file` is for messages. NULL: it cannot be understood, which is in the report. */
const char *sops_nix_text(struct arena *arena, const char *file, const char *text, size_t length,
                          struct report *report);

#endif
