#include "plan/suggest.h"

#include <stdint.h>
#include <string.h>

enum { LONGEST = 32 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Insertions, deletions, replacements, and neighbours swapped count one each. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1], length_a = strlen(a), length_b = strlen(b);
    if (length_a > LONGEST || length_b > LONGEST)
        return SIZE_MAX;
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= length_b; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t replace = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smallest(last[j] + 1, row[j - 1] + 1, replace);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[length_b];
}

const char *suggest(const char *word, const char *const *known, size_t count)
{
    const char *best = NULL;
    /* Up to a third of the word may be wrong; "x" for "dir" is no spelling mistake. */
    size_t least = strlen(word) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t wrong = distance(word, known[i]);
        if (wrong <= least && wrong < strlen(known[i])) {
            best = known[i];
            least = wrong ? wrong - 1 : 0;
        }
        if (wrong == 0)
            return known[i];
    }
    return best;
}
