/* What is wrong with a configuration, all of it, each with the place that says so.
 *
 * A run reports every problem it finds; a struct error carries one failure upwards, a report
 * collects many side by side. */
#ifndef EBB_PLAN_REPORT_H
#define EBB_PLAN_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "base/memory.h"

/* Where a word stands. Line 0 means the file as a whole. */
struct origin {
    const char *file;
    unsigned line, column;
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct problem {
    struct origin origin;
    enum severity severity;
    const char *text;
};

struct report {
    struct arena *arena;
    struct problem *problems;
    size_t count, errors;
};

/* `file:line:column`, with the file alone for line 0. The result belongs to the arena. */
const char *origin_text(struct arena *arena, struct origin origin);

/* The same without the column, as steps are told: `file:line`. */
const char *origin_line(struct arena *arena, struct origin origin);

void report_error(struct report *report, struct origin origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_warning(struct report *report, struct origin origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What is worth knowing, and no problem. */
void report_note(struct report *report, struct origin origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The first error of a report that has one. */
const struct problem *report_first_error(const struct report *report);
/* One line per problem, in the order of the files' lines. */
void report_print(struct report *report, FILE *stream);

#endif
