/* Whether a person is asked which generation this boot is about, before it begins with one. That
 * they are waited for stands in the record, so that it is no failed boot. */
#ifndef EBB_GENERATIONS_ASK_H
#define EBB_GENERATIONS_ASK_H

#include "generations/record.h"
#include "plan/context.h"

/* Whether the command line or the declaration wants it, or the last boot failed; and for how many
 * milliseconds, 0 for ever. */
bool ask_is_due(const struct step *step, const struct context *context, const struct record *record,
                unsigned *limit);
/* Asks by context->chooses. `step` becomes one that asks for what was chosen; else it stays.
 * `usual` is what is booted by itself, 0 if that cannot be told. `fd` is the record, -1 if there is
 * none. */
void ask_which(struct context *context, int fd, struct record *record, unsigned usual,
               unsigned limit, struct step *step);

/* The init= of a NixOS entry names the system that the boot loader was asked for. That of the
 * latest asks for none in particular, for it is that of the loader's default. */
void ask_heed_init(struct step *step, struct context *context, int fd, struct record *record);

#endif
