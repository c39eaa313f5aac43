/* What time it is. */
#ifndef EBB_BASE_CLOCK_H
#define EBB_BASE_CLOCK_H

#include <stdint.h>

/* Since some fixed moment, for differences. */
unsigned long clock_microseconds(void);
unsigned long clock_milliseconds(void);

/* The same moment by two clocks, in microseconds: since 1970, and since the kernel began. Their
 * difference changes only when somebody sets the first one. */
struct moment {
    int64_t wall, kernel;
};
struct moment clock_moment(void);

#endif
