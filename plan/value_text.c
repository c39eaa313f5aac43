/* Values on their way back to text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "plan/hash.h"
#include "plan/value.h"

struct unit {
    const char *name;
    uint64_t size;
};

/* In the greatest unit of which it is a whole number; the last one has the size 1. */
static const char *in_units(struct arena *arena, uint64_t number, const struct unit *units)
{
    while (number % units->size || (number == 0 && units->size > 1))
        units++;
    return arena_printf(arena, "%ju%s", (uintmax_t)(number / units->size), units->name);
}

static const char *time_text(struct arena *arena, uint64_t milliseconds)
{
    static const struct unit units[] = {
        {"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}};
    return in_units(arena, milliseconds, units);
}

static const char *bytes_text(struct arena *arena, uint64_t bytes)
{
    static const struct unit units[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"k", 1 << 10}, {"", 1}};
    return in_units(arena, bytes, units);
}

/* A number that was kept as it was written, perhaps with a unit, or a percentage. */
static const char *amount_text(struct arena *arena, const char *text)
{
    char *end;
    unsigned long long number = text ? strtoull(text, &end, 10) : 0;
    if (!text || *end == '%')
        return text;
    unsigned shift = 0;
    for (const char *unit = "kmg"; *end && *unit; unit++) {
        shift += 10;
        if (tolower((unsigned char)*end) == *unit)
            break;
    }
    return bytes_text(arena, number << shift);
}

static const char *flags_text(struct arena *arena, const struct field *field, unsigned flags)
{
    const char *list = NULL;
    for (size_t i = 0; field->choices[i]; i++)
        if (flags & 1U << i)
            list = list ? arena_printf(arena, "%s,%s", list, field->choices[i]) : field->choices[i];
    return list;
}

static const char *degraded_text(struct arena *arena, const struct degraded *degraded)
{
    switch (degraded->policy) {
    case DEGRADED_NO:
        return "no";
    case DEGRADED_READ_ONLY:
        return "ro";
    case DEGRADED_AFTER:
        return arena_printf(arena, "after=%s", time_text(arena, degraded->after));
    }
    return NULL;
}

static const char *keep_text(struct arena *arena, const struct keep *keep)
{
    const struct {
        const char *name;
        unsigned number;
    } counts[] = {{"", keep->last},
                  {"daily=", keep->daily},
                  {"weekly=", keep->weekly},
                  {"monthly=", keep->monthly}};
    const char *text = "";
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        if (counts[i].number)
            text = arena_printf(arena, "%s%s%s%u", text, *text ? "," : "", counts[i].name,
                                counts[i].number);
    if (keep->age)
        text = arena_printf(arena, "%s%sage=%s", text, *text ? "," : "",
                            time_text(arena, keep->age * 1000));
    return keep->said ? text : NULL;
}

static const char *shell_text(struct arena *arena, const char *text)
{
    return *text == '$' ? arena_printf(arena, "%.*s...", (int)hash_method_length(text), text)
                        : text;
}

const char *value_text(struct arena *arena, const struct field *field, const void *slot)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_OWNER:
    case FIELD_USER:
    case FIELD_PATH:
    case FIELD_PATHS:
    case FIELD_SEED:
    case FIELD_RELATIVE:
    case FIELD_WITHIN:
    case FIELD_SHA256:
    case FIELD_DEVICE:
    case FIELD_KEYMAP:
    case FIELD_CHOSEN:
        return *(const char *const *)slot;
    case FIELD_SHELL:
        return shell_text(arena, *(const char *const *)slot);
    case FIELD_SIZE:
    case FIELD_INODES:
        return amount_text(arena, *(const char *const *)slot);
    case FIELD_PLACE_OR_TREE:
    case FIELD_PLACE_IF_ANY:
    case FIELD_PLACE:
        return place_text(arena, slot);
    case FIELD_LUKS_FILE: {
        const struct luks_file *file = slot;
        return file->path ? file->path : place_text(arena, &file->place);
    }
    case FIELD_CHOICE:
        return field->choices[*(const int *)slot];
    case FIELD_FLAGS:
        return flags_text(arena, field, *(const unsigned *)slot);
    case FIELD_MODE:
        return *(const int *)slot < 0 ? NULL : arena_printf(arena, "%04o", *(const int *)slot);
    case FIELD_DURATION:
        return time_text(arena, *(const unsigned *)slot);
    case FIELD_AGE:
        return time_text(arena, *(const uint64_t *)slot * 1000);
    case FIELD_KEEP:
        return keep_text(arena, slot);
    case FIELD_COUNT:
        return arena_printf(arena, "%u", *(const unsigned *)slot);
    case FIELD_BYTES:
        return bytes_text(arena, *(const uint64_t *)slot);
    case FIELD_DEGRADED:
        return degraded_text(arena, slot);
    }
    return NULL;
}
