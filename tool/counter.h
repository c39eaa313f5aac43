/* How much a copy, or other long work on many files, has to do, and how far it is. */
#ifndef EBB_TOOL_COUNTER_H
#define EBB_TOOL_COUNTER_H

#include "persist/live.h"

/* How much lies in what was opened. */
struct amount {
    uint64_t files, bytes;
};
struct amount counter_amount(const struct live *live);
/* Counts along on a terminal. */
struct counter {
    struct copy_progress progress;
    struct amount whole;
    unsigned long told; /* when, in milliseconds */
    const char *doing, *what;
};
/* `whole` is zeros if it is not known; `what` may be "". */
struct copy_progress *counter_begin(struct counter *counter, const char *doing, const char *what,
                                    struct amount whole);
void counter_end(const struct counter *counter);

#endif
