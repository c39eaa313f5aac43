#include "secrets/base64.h"

#include <stdint.h>

/* All ones if low <= c <= high, else zero, by the borrow and without a branch. */
static uint32_t within(uint32_t c, uint32_t low, uint32_t high)
{
    return -(~((c - low) | (high - c)) >> 31);
}

/* The six bits of a character; 64 and more: it is none of the alphabet. No table, whose lines in
 * the cache would tell others about the text. */
static uint32_t value_of(char character)
{
    uint32_t c = (unsigned char)character;
    uint32_t upper = within(c, 'A', 'Z'), lower = within(c, 'a', 'z'), digit = within(c, '0', '9');
    uint32_t plus = within(c, '+', '+'), slash = within(c, '/', '/');
    return ((c - 'A') & upper) | ((c - 'a' + 26) & lower) | ((c - '0' + 52) & digit) | (62 & plus) |
           (63 & slash) | (64 & ~(upper | lower | digit | plus | slash));
}

size_t base64_room(size_t length)
{
    return length / 4 * 3 + 3;
}

bool base64_decode(enum base64 kind, const char *text, size_t length, unsigned char *bytes,
                   size_t *count)
{
    if (kind == BASE64_PADDED) {
        if (length % 4)
            return false;
        for (int padding = 0; padding < 2 && length && text[length - 1] == '='; padding++)
            length--;
    }
    size_t written = 0;
    uint32_t held = 0, bits = 0, wrong = 0;
    for (size_t i = 0; i < length; i++) {
        uint32_t value = value_of(text[i]);
        wrong |= value & 64;
        held = held << 6 | (value & 63);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        bytes[written++] = (unsigned char)(held >> bits);
        held &= (1U << bits) - 1;
    }
    /* Six bits left over are a character that begins a byte which never comes. */
    if (wrong || held || bits == 6)
        return false;
    *count = written;
    return true;
}
