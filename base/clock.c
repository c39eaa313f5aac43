#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

unsigned long clock_microseconds(void)
{
    return (unsigned long)read_clock(CLOCK_MONOTONIC);
}

unsigned long clock_milliseconds(void)
{
    return clock_microseconds() / 1000;
}

struct moment clock_moment(void)
{
    return (struct moment){read_clock(CLOCK_REALTIME), read_clock(CLOCK_BOOTTIME)};
}
