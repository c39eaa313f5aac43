#include <stdlib.h>
#include <string.h>

#include "tool/import.h"

/* The classes before the operator, as a mask of permissions with their special bits. */
static int read_classes(const char **at)
{
    int classes = 0;
    for (; **at && strchr("ugoa", **at); (*at)++)
        classes |= **at == 'u' ? 04700 : **at == 'g' ? 02070 : **at == 'o' ? 01007 : 07777;
    return classes ? classes : 07777;
}

static int read_permissions(const char **at)
{
    static const struct {
        char letter;
        int bits;
    } permissions[] = {{'r', 0444}, {'w', 0222},  {'x', 0111},
                       {'X', 0111}, {'s', 06000}, {'t', 01000}};
    int bits = 0;
    for (;; (*at)++) {
        size_t i = 0;
        while (i < ARRAY_LENGTH(permissions) && permissions[i].letter != **at)
            i++;
        if (i == ARRAY_LENGTH(permissions))
            return bits;
        bits |= permissions[i].bits;
    }
}

int import_mode(const char *text, int from)
{
    size_t digits = strspn(text, "01234567");
    if (digits > 0 && digits < 6 && !text[digits]) {
        long mode = strtol(text, NULL, 8);
        return mode <= 07777 ? (int)mode : -1;
    }
    for (const char *at = text;; at++) {
        int classes = read_classes(&at);
        if (!*at || !strchr("=+-", *at))
            return -1;
        do {
            char operator= * at++;
            int bits = read_permissions(&at) & classes;
            from = operator== '=' ? (from & ~classes) | bits :
                   operator== '+' ? from | bits
                                  : from & ~bits;
        } while (*at && strchr("=+-", *at));
        if (!*at)
            return from;
        if (*at != ',')
            return -1;
    }
}
