/* Names of files, and other text that somebody else wrote, on their way to a terminal or to JSON.
 */
#ifndef EBB_TOOL_NAME_H
#define EBB_TOOL_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/memory.h"

struct json_object;

/* With `escape`, as a terminal may see it: text_print. */
void name_print(const char *name, bool escape, FILE *stream);
/* JSON has no bytes, only characters: others become U+FFFD. */
struct json_object *name_json(struct arena *arena, const char *name);

/* "512 B", "1.5 KiB": what a size is to a person. */
struct size_text {
    char text[16];
};
struct size_text name_size(uint64_t bytes);

/* The moment that a generation was made, in the time of this place: "2026-02-03 04:05". */
struct time_text {
    char text[20];
};
/* "?" if it is not known. */
struct time_text name_time(const char *created);

#endif
