/* The time since some fixed moment, for differences. */
#ifndef EBB_BASE_CLOCK_H
#define EBB_BASE_CLOCK_H

unsigned long clock_microseconds(void);
unsigned long clock_milliseconds(void);

#endif
