/* How much room generations take. They share files by hard links, so what one takes and what comes
 * free when it is deleted differ. What snapshots of btrfs share is not known, and counts as their
 * own. */
#ifndef EBB_GENERATIONS_SIZE_H
#define EBB_GENERATIONS_SIZE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct generation_size {
    uint64_t own;    /* bytes that come free when all of them are deleted */
    uint64_t shared; /* bytes in files that have names elsewhere, too */
};
/* Of all these generations together. */
int generation_size(int store, const unsigned *numbers, size_t count, struct generation_size *size,
                    struct error *error);

#endif
