/* Persist entries: declared paths that live on a state volume and are bound into the new root.
 *
 * Both ends are walked and acted on by descriptor, so that a link planted in either costs this
 * entry and never leads elsewhere. An entry that is missing on the volume is made there with its
 * declared owner and mode, under a temporary name first; one that exists is left as it is. */
#ifndef EBB_PERSIST_ENTRY_H
#define EBB_PERSIST_ENTRY_H

#include "plan/context.h"

/* Paths that cannot persist, and entries that stand in each other's way. */
void persist_check(const struct config *config, struct report *report);
/* Appends the entry's step, by its method (STEP_MACHINE_ID for that one). */
struct step *entry_plan(const struct persist_entry *entry, struct plan *plan);
/* A step for every entry, in any order: the caller sorts. */
void persist_plan(const struct config *config, struct plan *plan);
void entry_sentence(const struct step *step, FILE *stream);
int entry_apply(const struct step *step, struct context *context, struct error *error);
/* The entry on its volume, made if it is missing. */
int entry_open_source(const struct persist_entry *entry, struct context *context, int *source,
                      struct error *error);
/* Binds the one on the other, with the entry's options. */
int entry_bind(const struct persist_entry *entry, const struct context *context, int source,
               int target, struct error *error);

#endif
