/* How much time has passed, whatever happens to the date. */
#ifndef EBB_BASE_CLOCK_H
#define EBB_BASE_CLOCK_H

/* Microseconds since some fixed moment, for differences. */
unsigned long clock_microseconds(void);

#endif
