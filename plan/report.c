#include "plan/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *origin_text(struct arena *arena, struct origin origin)
{
    if (origin.line == 0)
        return origin.file;
    return arena_printf(arena, "%s:%u:%u", origin.file, origin.line, origin.column);
}

const char *origin_line(struct arena *arena, struct origin origin)
{
    return origin.line == 0 ? origin.file : arena_printf(arena, "%s:%u", origin.file, origin.line);
}

static void add(struct report *report, struct origin origin, enum severity severity,
                const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        memory_exhausted();
    struct problem *problem = ARENA_PUSH(report->arena, report->problems, report->count);
    *problem = (struct problem){origin, severity, arena_string(report->arena, text)};
    free(text);
    report->errors += severity == SEVERITY_ERROR;
}

void report_error(struct report *report, struct origin origin, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(report, origin, SEVERITY_ERROR, format, arguments);
    va_end(arguments);
}

void report_warning(struct report *report, struct origin origin, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(report, origin, SEVERITY_WARNING, format, arguments);
    va_end(arguments);
}

void report_note(struct report *report, struct origin origin, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(report, origin, SEVERITY_NOTE, format, arguments);
    va_end(arguments);
}

static int by_place(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;
    int order = strcmp(a->origin.file, b->origin.file);
    if (order)
        return order;
    if (a->origin.line != b->origin.line)
        return a->origin.line < b->origin.line ? -1 : 1;
    if (a->origin.column != b->origin.column)
        return a->origin.column < b->origin.column ? -1 : 1;
    return strcmp(a->text, b->text);
}

const struct problem *report_first_error(const struct report *report)
{
    const struct problem *first = report->problems;
    while (first->severity != SEVERITY_ERROR)
        first++;
    return first;
}

void report_print(struct report *report, FILE *stream)
{
    static const char *const marks[] = {"", "warning: ", "note: "};
    if (report->count)
        qsort(report->problems, report->count, sizeof(*report->problems), by_place);
    for (size_t i = 0; i < report->count; i++) {
        const struct problem *problem = &report->problems[i];
        fprintf(stream, "%s: %s%s\n", origin_text(report->arena, problem->origin),
                marks[problem->severity], problem->text);
    }
}
