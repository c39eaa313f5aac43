/* Entries with method=symlink: a symbolic link in the new root that leads to where the running
 * system sees the file on its volume. The file is made if it is missing, so that no link dangles.
 */
#ifndef EBB_PERSIST_LINK_H
#define EBB_PERSIST_LINK_H

#include "plan/context.h"

void link_sentence(const struct step *step, FILE *stream);
int link_apply(const struct step *step, struct context *context, struct error *error);

#endif
