#include "generations/standing.h"

#include "base/memory.h"
#include "generations/marks.h"

struct standing standing_read(int store, const struct record *record, unsigned tries,
                              unsigned number)
{
    return (struct standing){.good = number == record->last_good,
                             .bad = record_is_bad(record, number, tries),
                             .pinned = mark_is_pinned(store, number),
                             .failures = record_failures(record, number)};
}

void standing_print(const struct standing *standing, FILE *out)
{
    const struct {
        bool set;
        const char *name;
    } marks[] = {{standing->booted, "booted"},
                 {standing->latest, "latest"},
                 {standing->is_default, "default"},
                 {standing->good, "good"},
                 {standing->bad, "bad"},
                 {standing->pinned, "pinned"}};
    const char *between = "  (";
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
        if (!marks[i].set)
            continue;
        fprintf(out, "%s%s", between, marks[i].name);
        between = ", ";
    }
    if (standing->failures) {
        fprintf(out, "%sfailed: %u", between, standing->failures);
        between = ", ";
    }
    if (*between == ',')
        fputc(')', out);
}
