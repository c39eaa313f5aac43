/* A command runs inside the tree of a generation that is being made: in name spaces of processes of
 * its own, so that nothing of it goes on when it ends, with the kernel's own file systems, the
 * devices and the network of the host, and with its resolver. /run and /tmp are memory that goes.
 *
 * The mounts are made in the name space of the caller, who has one of its own, below `tree`: they
 * go when the tree is unmounted. */
#ifndef EBB_GENERATIONS_INSIDE_H
#define EBB_GENERATIONS_INSIDE_H

#include "base/error.h"

struct inside {
    int tree;                   /* a mount point */
    const char *const *command; /* NULL-terminated; looked for in the tree */
    int stop;                   /* can be read when it is to be ended; -1: never */
};
/* Fails if it could not run, and if it did not exit with 0. */
int inside_run(const struct inside *inside, struct error *error);

#endif
