#include "base/version.h"

#include <stdbool.h>
#include <string.h>

/* By these rules alone, whatever the locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_separator(char c)
{
    return c == '\0' || strchr("-.~^", c);
}

static const char *skip_noise(const char *at)
{
    while (!is_digit(*at) && !is_letter(*at) && !is_separator(*at))
        at++;
    return at;
}

/* The version that has `mark` here, where the other one has not, is older. */
static int compare_mark(const char **left, const char **right, char mark)
{
    bool is_left = **left == mark, is_right = **right == mark;
    if (is_left && is_right && mark) {
        (*left)++;
        (*right)++;
    }
    return is_right - is_left;
}

static size_t length_of(const char *at, bool (*belongs)(char))
{
    size_t length = 0;
    while (belongs(at[length]))
        length++;
    return length;
}

/* One that has no number here is older than one that has, be it 0. */
static int compare_numbers(const char **left, const char **right)
{
    int order = is_digit(**left) - is_digit(**right);
    *left += strspn(*left, "0");
    *right += strspn(*right, "0");
    size_t a = length_of(*left, is_digit), b = length_of(*right, is_digit);
    if (order == 0)
        order = a == b ? strncmp(*left, *right, a) : a < b ? -1 : 1;
    *left += a;
    *right += b;
    return order;
}

static int compare_letters(const char **left, const char **right)
{
    size_t a = length_of(*left, is_letter), b = length_of(*right, is_letter);
    int order = strncmp(*left, *right, a < b ? a : b);
    if (order == 0)
        order = (a > b) - (a < b);
    *left += a;
    *right += b;
    return order;
}

int version_compare(const char *left, const char *right)
{
    static const char marks[] = {'~', '\0', '-', '^', '.'};
    for (;;) {
        left = skip_noise(left);
        right = skip_noise(right);
        if (!*left && !*right)
            return 0;
        int order = 0;
        const char *before = left;
        for (size_t i = 0; order == 0 && i < sizeof(marks) && left == before; i++)
            order = compare_mark(&left, &right, marks[i]);
        if (order == 0 && left == before)
            order = is_digit(*left) || is_digit(*right) ? compare_numbers(&left, &right)
                                                        : compare_letters(&left, &right);
        if (order)
            return order;
    }
}
