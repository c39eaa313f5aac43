/* Entries with method=copy, at boot: what is kept on the volume becomes a real file in the new
 * root, which programs may replace by a rename. In the running system `ebb write-back` brings
 * changes back (persist/write_back.h). */
#ifndef EBB_PERSIST_COPIED_H
#define EBB_PERSIST_COPIED_H

#include "plan/context.h"

void copied_sentence(const struct step *step, FILE *stream);
/* If nothing is kept yet, what the generation has stays, and is kept by the first write-back. */
int copied_apply(const struct step *step, struct context *context, struct error *error);

#endif
