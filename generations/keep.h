/* Which generations stay by what is declared of them all (plan/config.h, struct keep). Pure: what
 * is booted, pinned and the like is for the caller. */
#ifndef EBB_GENERATIONS_KEEP_H
#define EBB_GENERATIONS_KEEP_H

#include <stdbool.h>
#include <time.h>

#include "plan/config.h"

enum keep_reason {
    KEEP_NOT,
    KEEP_LAST,
    KEEP_DAY, /* the last one of it */
    KEEP_WEEK,
    KEEP_MONTH,
    KEEP_YOUNG,
    KEEP_UNDATED /* the policy goes by dates, and it has none */
};

struct keep_item {
    unsigned number;
    bool dated;
    time_t made;
    enum keep_reason reason; /* the first one that holds */
};

/* Fills in the reasons. The items are in the order of their numbers, so
 * those that are one of the last come last; days, weeks (from Monday on)
 * and months are those of the local time. Periods without a generation do not count. */
void keep_apply(const struct keep *keep, time_t now, struct keep_item *items, size_t count);

#endif
