/* What a boot left that did not end by itself: the log that the kernel saved when it panicked
 * (pstore, or the folder to which systemd-pstore moves it), and the word of a watchdog that reset
 * the machine. */
#ifndef EBB_TOOL_CRASH_H
#define EBB_TOOL_CRASH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"

struct saved_log {
    const char *path; /* in the root */
    int64_t time;     /* when it was saved, in seconds since 1970 */
    const char *text; /* NULL: it cannot be read */
};

struct crash {
    struct saved_log *logs; /* the newest first; of one time, the parts in the order of the text */
    size_t log_count;
    bool watchdog; /* one says that it reset the machine before this boot */
};

/* All of it belongs to the arena. Where there is nothing to be seen, nothing is found. */
void crash_read(struct arena *arena, struct target root, struct crash *crash);
/* What ended a boot that began at `time`, in a few words; NULL: nothing of it is known. */
const char *crash_words(struct arena *arena, const struct crash *crash, int64_t time);
/* Prints the newest saved log. */
int crash_print_log(const struct crash *crash, FILE *out, struct error *error);

#endif
