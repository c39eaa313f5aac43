/* What a bare word is: a number, a time, a truth value … and how SOPS writes it into its MAC. */
#ifndef EBB_SECRETS_SCALAR_H
#define EBB_SECRETS_SCALAR_H

#include "secrets/tree.h"

/* Gives the type to a node that is a plain scalar of YAML 1.2, as go-yaml sees it. -ERANGE: an
 * integer that SOPS has no type for. */
int scalar_resolve(struct arena *arena, struct node *node);
/* The same for a number of JSON. */
int scalar_number(struct arena *arena, struct node *node);
/* An instant as Go writes RFC 3339, in the zone that it was given in; NULL: it is none. */
const char *scalar_time(struct arena *arena, const char *text, bool with_fraction);

#endif
