#include "tool/counter.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "tool/name.h"

enum { BETWEEN = 100 /* milliseconds, of what is told */ };

struct amount counter_amount(const struct live *live)
{
    struct copy_size size = {1, (uint64_t)live->status.st_size, 0};
    if (S_ISDIR(live->status.st_mode))
        copy_measure(live->fd, NULL, &size);
    return (struct amount){size.files, size.bytes};
}

static void tell(struct copy_progress *progress, uint64_t files, uint64_t bytes)
{
    struct counter *counter = (struct counter *)progress;
    unsigned long now = clock_milliseconds();
    if (now - counter->told < BETWEEN)
        return;
    counter->told = now;
    fprintf(stderr, "\r\033[K%s%s", counter->doing, *counter->what ? " " : "");
    name_print(counter->what, true, stderr);
    if (counter->whole.files == 0) {
        fprintf(stderr, ": %ju files", (uintmax_t)files);
        return;
    }
    fprintf(stderr, ": %ju of %ju files, %s", (uintmax_t)files, (uintmax_t)counter->whole.files,
            name_size(bytes).text);
    fprintf(stderr, " of %s", name_size(counter->whole.bytes).text);
}

struct copy_progress *counter_begin(struct counter *counter, const char *doing, const char *what,
                                    struct amount whole)
{
    *counter = (struct counter){{tell}, whole, clock_milliseconds(), doing, what};
    return isatty(STDERR_FILENO) ? &counter->progress : NULL;
}

void counter_end(const struct counter *counter)
{
    if (counter->progress.tell && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
