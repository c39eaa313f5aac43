/* Text of others: whether bytes are characters, which of them a terminal obeys, and what may be a
 * name. */
#ifndef EBB_BASE_TEXT_H
#define EBB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct duration {
    char text[24];
};

/* How many bytes the UTF-8 character at `text` takes, 0 if the `rest` bytes begin with none. */
size_t text_character(const char *text, size_t rest);
/* Whether the character at `text`, of `length` bytes, is a control character; NUL is one. */
bool text_is_control(const char *text, size_t length);
/* Control characters, backslashes and bytes that are no UTF-8 are written as \\ and octal digits:
 * they must not move the cursor, recolour the terminal or begin a line. */
void text_print(const char *text, FILE *stream);
/* Whether `text` is letters, digits, "-" and "_": a name of volumes, users and stores. */
bool text_is_name(const char *text);
/* "90 s", or "1500 ms" where it is no whole number of seconds. */
struct duration text_duration(unsigned long milliseconds);

#endif
