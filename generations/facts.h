/* What the store says of one generation: generation.json and its marks, and of what shape its tree
 * is. */
#ifndef EBB_GENERATIONS_FACTS_H
#define EBB_GENERATIONS_FACTS_H

#include "plan/context.h"

/* Fills what is known by its number alone. `folder` is that of the store on its volume. */
int facts_read(struct arena *arena, int store, const char *folder, struct generation *generation,
               struct error *error);
/* Where its tree lies, from the store on, and of which file system it is an image; NULL: it is a
 * folder. */
const char *facts_tree(struct arena *arena, int store, unsigned number, const char **image);

#endif
