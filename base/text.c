#include "base/text.h"

#include <string.h>

#include "base/memory.h"

size_t text_character(const char *text, size_t rest)
{
    static const struct {
        unsigned char mask, lead;
        size_t length;
        unsigned least;
    } forms[] = {{0x80, 0x00, 1, 0},
                 {0xe0, 0xc0, 2, 0x80},
                 {0xf0, 0xe0, 3, 0x800},
                 {0xf8, 0xf0, 4, 0x10000}};
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; rest > 0 && i < ARRAY_LENGTH(forms); i++) {
        if ((bytes[0] & forms[i].mask) != forms[i].lead)
            continue;
        if (forms[i].length > rest)
            return 0;
        unsigned value = bytes[0] & (unsigned char)~forms[i].mask;
        for (size_t j = 1; j < forms[i].length; j++) {
            if ((bytes[j] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (bytes[j] & 0x3f);
        }
        bool surrogate = value >= 0xd800 && value <= 0xdfff;
        return value < forms[i].least || value > 0x10ffff || surrogate ? 0 : forms[i].length;
    }
    return 0;
}

/* Those of ASCII, and the second set that Unicode took over: terminals obey both. */
bool text_is_control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];
    if (length == 1)
        return first < 0x20 || first == 0x7f;
    return length == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0;
}

void text_print(const char *text, FILE *stream)
{
    while (*text) {
        size_t length = text_character(text, strnlen(text, 4));
        if (length == 0 || text_is_control(text, length)) {
            size_t bytes = length ? length : 1;
            for (size_t i = 0; i < bytes; i++)
                fprintf(stream, "\\%03o", (unsigned char)text[i]);
            text += bytes;
        } else if (*text == '\\') {
            fputs("\\\\", stream);
            text++;
        } else {
            fwrite(text, 1, length, stream);
            text += length;
        }
    }
}

bool text_is_name(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return *text && !text[strspn(text, letters)];
}

struct duration text_duration(unsigned long milliseconds)
{
    struct duration duration;
    bool whole = milliseconds % 1000 == 0;
    snprintf(duration.text, sizeof(duration.text), "%lu %s",
             whole ? milliseconds / 1000 : milliseconds, whole ? "s" : "ms");
    return duration;
}
