/* How a generation stands, in the words of all lists: by its marks, the record of boots, and what
 * is booted. */
#ifndef EBB_GENERATIONS_STANDING_H
#define EBB_GENERATIONS_STANDING_H

#include <stdio.h>

#include "generations/record.h"

struct standing {
    bool booted, latest, is_default, good, bad, pinned;
    unsigned failures;
};

/* What its number alone tells. `tries` is what is declared. */
struct standing standing_read(int store, const struct record *record, unsigned tries,
                              unsigned number);
/* "  (booted, good)", or nothing. */
void standing_print(const struct standing *standing, FILE *out);

#endif
