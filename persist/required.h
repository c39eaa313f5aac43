/* What becomes of a boot when an entry does not come back.
 *
 * With required=degrade the boot goes on, but the path is closed: something empty, read-only and of
 * mode 0000 covers it. A program that were left to write there would believe that its data is kept,
 * and one that found the generation's own file there might take it for the kept one: an old
 * password, a key that others have. With required=ignore the path stays what the generation makes
 * of it, in memory: that is what the word says. */
#ifndef EBB_PERSIST_REQUIRED_H
#define EBB_PERSIST_REQUIRED_H

#include "plan/context.h"

/* Closes the path if that is declared. Returns what apply is to return: -errno or 1. The error
 * holds the reason, and keeps it. */
int required_failed(const struct persist_entry *entry, struct context *context,
                    struct error *error);
/* Whether the step is one without which the boot counts as degraded. */
bool required_degrades(const struct step *step);

#endif
