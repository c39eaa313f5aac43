#include "secrets/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text, *hashed;
    enum scalar_type type;
} words[] = {
    {"", "", SCALAR_NULL},           {"~", "", SCALAR_NULL},
    {"null", "", SCALAR_NULL},       {"Null", "", SCALAR_NULL},
    {"NULL", "", SCALAR_NULL},       {"true", "True", SCALAR_BOOL},
    {"True", "True", SCALAR_BOOL},   {"TRUE", "True", SCALAR_BOOL},
    {"false", "False", SCALAR_BOOL}, {"False", "False", SCALAR_BOOL},
    {"FALSE", "False", SCALAR_BOOL}, {".nan", "NaN", SCALAR_FLOAT},
    {".NaN", "NaN", SCALAR_FLOAT},   {".NAN", "NaN", SCALAR_FLOAT},
    {".inf", "+Inf", SCALAR_FLOAT},  {".Inf", "+Inf", SCALAR_FLOAT},
    {".INF", "+Inf", SCALAR_FLOAT},  {"+.inf", "+Inf", SCALAR_FLOAT},
    {"+.Inf", "+Inf", SCALAR_FLOAT}, {"+.INF", "+Inf", SCALAR_FLOAT},
    {"-.inf", "-Inf", SCALAR_FLOAT}, {"-.Inf", "-Inf", SCALAR_FLOAT},
    {"-.INF", "-Inf", SCALAR_FLOAT},
};

static void become(struct node *node, enum scalar_type type, const char *hashed)
{
    node->type = type;
    node->hashed = hashed;
}

/* Moves over digits, at most `most`, and returns how many there were. */
static size_t skip_digits(const char **at, size_t most)
{
    size_t count = 0;
    while (count < most && isdigit((unsigned char)**at))
        (*at)++, count++;
    return count;
}

/* One or two digits. */
static bool read_field(const char **at, int smallest, int largest, int *value)
{
    const char *start = *at;
    size_t count = skip_digits(at, 2);
    *value = 0;
    for (size_t i = 0; i < count; i++)
        *value = *value * 10 + start[i] - '0';
    return count > 0 && *value >= smallest && *value <= largest;
}

static bool skip(const char **at, const char *any)
{
    if (**at == '\0' || !strchr(any, **at))
        return false;
    (*at)++;
    return true;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

struct instant {
    int year, month, day, hour, minute, second;
    int fraction; /* digits of it, without zeros at the end */
    const char *digits;
    char zone[8];
};

static bool read_date(const char **at, struct instant *instant)
{
    const char *start = *at;
    if (skip_digits(at, 4) != 4)
        return false;
    for (int i = 0; i < 4; i++)
        instant->year = instant->year * 10 + start[i] - '0';
    return skip(at, "-") && read_field(at, 1, 12, &instant->month) && skip(at, "-") &&
           read_field(at, 1, days_of(instant->year, instant->month), &instant->day);
}

static bool read_clock(const char **at, struct instant *instant)
{
    if (!read_field(at, 0, 23, &instant->hour) || !skip(at, ":") ||
        !read_field(at, 0, 59, &instant->minute) || !skip(at, ":") ||
        !read_field(at, 0, 59, &instant->second))
        return false;
    if (!skip(at, "."))
        return true;
    instant->digits = *at;
    instant->fraction = (int)skip_digits(at, 9);
    bool good = instant->fraction > 0;
    while (instant->fraction && instant->digits[instant->fraction - 1] == '0')
        instant->fraction--;
    return good;
}

static bool read_zone(const char **at, struct instant *instant)
{
    if (skip(at, "Z"))
        return true;
    char sign = **at;
    int hours, minutes;
    if (!skip(at, "+-") || !read_field(at, 0, 23, &hours) || !skip(at, ":") ||
        !read_field(at, 0, 59, &minutes))
        return false;
    if (hours || minutes)
        snprintf(instant->zone, sizeof(instant->zone), "%c%02d:%02d", sign, hours, minutes);
    return true;
}

const char *scalar_time(struct arena *arena, const char *text, bool with_fraction)
{
    struct instant instant = {.zone = "Z", .digits = ""};
    const char *at = text;
    if (!read_date(&at, &instant))
        return NULL;
    bool good = *at == '\0';
    if (skip(&at, "Tt"))
        good = read_clock(&at, &instant) && read_zone(&at, &instant) && *at == '\0';
    else if (skip(&at, " "))
        good = read_clock(&at, &instant) && *at == '\0';
    if (!good)
        return NULL;
    int fraction = with_fraction ? instant.fraction : 0;
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d%s%.*s%s", instant.year, instant.month,
                        instant.day, instant.hour, instant.minute, instant.second,
                        fraction ? "." : "", fraction, instant.digits, instant.zone);
}

/* Of the numbers with so many digits, the nearest may be another one and the next one up still be
 * this: below a power of two they lie closer than above it. */
static bool print_exactly(double value, int precision, char *text, size_t size)
{
    snprintf(text, size, "%.*e", precision, value);
    if (strtod(text, NULL) == value)
        return true;
    char *last = strchr(text, 'e') - 1;
    if (*last == '9')
        return false;
    (*last)++;
    return strtod(text, NULL) == value;
}

/* As few digits as name this number and no other, and never an exponent. */
static const char *print_float(struct arena *arena, double value)
{
    char text[40];
    int precision = 0;
    while (!print_exactly(value, precision, text, sizeof(text)) && precision < 17)
        precision++;
    char *e = strchr(text, 'e'), digits[24];
    int exponent = (int)strtol(e + 1, NULL, 10), count = 0;
    for (const char *at = text; at < e; at++)
        if (isdigit((unsigned char)*at))
            digits[count++] = *at;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    const char *sign = *text == '-' ? "-" : "";
    if (exponent == -1)
        return arena_printf(arena, "%s0.%.*s", sign, count, digits);
    if (exponent < -1)
        return arena_printf(arena, "%s0.%0*d%.*s", sign, -exponent - 1, 0, count, digits);
    if (exponent >= count)
        return arena_printf(arena, "%s%.*s%0*d", sign, count, digits, exponent - count + 1, 0);
    if (exponent == count - 1)
        return arena_printf(arena, "%s%.*s", sign, count, digits);
    return arena_printf(arena, "%s%.*s.%.*s", sign, exponent + 1, digits, count - exponent - 1,
                        digits + exponent + 1);
}

/* [-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)? */
static bool is_float(const char *text)
{
    (void)skip(&text, "-+"); /* there may be none */
    size_t before = skip_digits(&text, SIZE_MAX);
    size_t after = skip(&text, ".") ? skip_digits(&text, SIZE_MAX) : 0;
    if (before + after == 0)
        return false;
    if (!skip(&text, "eE"))
        return *text == '\0';
    (void)skip(&text, "-+");
    return skip_digits(&text, SIZE_MAX) > 0 && *text == '\0';
}

/* 0: it is an integer. -EINVAL: it is none, -ERANGE: it is, and too large. */
static int read_integer(const char *text, long long *value)
{
    bool negative = *text == '-';
    (void)skip(&text, "-+");
    int base = 10;
    if (*text == '0' && text[1] != '\0') {
        const char *letter = strchr("xXbBoO", text[1]);
        base = !letter ? 8 : letter - "xXbBoO" < 2 ? 16 : letter - "xXbBoO" < 4 ? 2 : 8;
        text += letter ? 2 : 1;
    }
    if (!isxdigit((unsigned char)*text)) /* strtoull would take blanks and signs */
        return -EINVAL;
    char *end;
    errno = 0;
    unsigned long long size = strtoull(text, &end, base);
    if (*end || (base == 16 && strpbrk(text, "xX")))
        return -EINVAL;
    if (errno == ERANGE)
        return negative || base != 10 ? -EINVAL : -ENOENT;
    unsigned long long largest = (unsigned long long)LLONG_MAX + negative;
    if (size > largest)
        return negative ? -ENOENT : -ERANGE;
    *value = negative ? (long long)(0 - size) : (long long)size;
    return 0;
}

static void resolve_float(struct arena *arena, struct node *node, const char *text)
{
    double value = strtod(text, NULL);
    if (isfinite(value)) /* what is beyond them stays a string, as in go-yaml */
        become(node, SCALAR_FLOAT, print_float(arena, value));
}

int scalar_resolve(struct arena *arena, struct node *node)
{
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i].text, node->text) == 0) {
            become(node, words[i].type, words[i].hashed);
            return 0;
        }
    char first = node->text[0];
    if (strlen(node->text) != node->length || !strchr("+-.0123456789", first))
        return 0;
    const char *time = first == '.' ? NULL : scalar_time(arena, node->text, true);
    if (time) {
        become(node, SCALAR_TIME, time);
        return 0;
    }
    char *plain = arena_alloc(arena, node->length + 1), *out = plain;
    for (const char *at = node->text; *at; at++)
        if (*at != '_')
            *out++ = *at;
    long long value;
    int code = first == '.' ? -EINVAL : read_integer(plain, &value);
    if (code == 0)
        become(node, SCALAR_INT, arena_printf(arena, "%lld", value));
    else if (code != -ERANGE && is_float(plain))
        resolve_float(arena, node, plain);
    return code == -ERANGE ? code : 0;
}

int scalar_number(struct arena *arena, struct node *node)
{
    bool whole = !strpbrk(node->text, ".eE");
    errno = 0;
    long long value = whole ? strtoll(node->text, NULL, 10) : 0;
    if (whole && errno == 0) {
        become(node, SCALAR_INT, arena_printf(arena, "%lld", value));
        return 0;
    }
    double number = strtod(node->text, NULL);
    if (!isfinite(number))
        return -ERANGE;
    become(node, SCALAR_FLOAT, print_float(arena, number));
    return 0;
}
