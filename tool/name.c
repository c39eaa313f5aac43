#include "tool/name.h"

#include <json-c/json.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "generations/store.h"

void name_print(const char *name, bool escape, FILE *stream)
{
    if (escape)
        text_print(name, stream);
    else
        fputs(name, stream);
}

struct json_object *name_json(struct arena *arena, const char *name)
{
    char *text = arena_alloc(arena, strlen(name) * 3 + 1), *end = text;
    while (*name) {
        size_t length = text_character(name, strnlen(name, 4));
        if (length)
            end = mempcpy(end, name, length);
        else
            end = stpcpy(end, "\xef\xbf\xbd");
        name += length ? length : 1;
    }
    return json_object_new_string(text);
}

struct size_text name_size(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    struct size_text size;
    size_t unit = 0;
    double amount = (double)bytes;
    while (amount >= 1023.95 && unit + 1 < ARRAY_LENGTH(units)) { /* never "1024.0 KiB" */
        amount /= 1024;
        unit++;
    }
    snprintf(size.text, sizeof(size.text), unit ? "%.1f %s" : "%.0f %s", amount, units[unit]);
    return size;
}

struct time_text name_time(const char *created)
{
    struct time_text when = {"?"};
    time_t seconds;
    struct tm time;
    if (generation_time(created, &seconds) && localtime_r(&seconds, &time))
        strftime(when.text, sizeof(when.text), "%Y-%m-%d %H:%M", &time);
    return when;
}
