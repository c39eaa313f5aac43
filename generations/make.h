/* A state volume made from nothing: an identity, and a first generation from a tree. */
#ifndef EBB_GENERATIONS_MAKE_H
#define EBB_GENERATIONS_MAKE_H

#include "generations/change.h"

struct store_request {
    const char *identity;    /* NULL: a new one */
    const char *generations; /* the folder of the store on the volume */
    struct generation_facts facts;
    int tree; /* the folder to copy, -1: the tree stays empty */
};

/* `volume` is the top of the volume-to-be; one that has an identity already is refused. */
int store_make(int volume, const struct store_request *request, unsigned *number,
               struct error *error);

#endif
