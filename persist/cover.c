#include "persist/cover.h"

#include <stdlib.h>
#include <string.h>

/* The end of a path comes first, then "/", then all other bytes: what lies in a folder stands right
 * behind it. */
static int rank(char byte)
{
    return byte == '\0' ? 0 : byte == '/' ? 1 : (unsigned char)byte + 1;
}

static int in_order(const void *left, const void *right)
{
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return rank(*a) - rank(*b);
}

void cover_sort(struct cover *cover)
{
    if (cover->count)
        qsort(cover->paths, cover->count, sizeof(*cover->paths), in_order);
}

struct cover_range cover_all(const struct cover *cover)
{
    return (struct cover_range){0, cover->count, 1};
}

/* How the part of `path` that begins at `offset` compares with `name`. */
static int compare_part(const char *path, size_t offset, const char *name)
{
    const char *part = path + offset;
    while (*name && *part == *name) {
        part++;
        name++;
    }
    bool ends = *part == '\0' || *part == '/';
    if (ends)
        return *name ? -1 : 0;
    return *name ? rank(*part) - rank(*name) : 1;
}

/* The first path of the range whose part is not before `name`, or is behind it. */
static size_t bound(const struct cover *cover, struct cover_range range, const char *name,
                    bool behind)
{
    while (range.begin < range.end) {
        size_t middle = range.begin + (range.end - range.begin) / 2;
        int order = compare_part(cover->paths[middle], range.offset, name);
        if (order < 0 || (behind && order == 0))
            range.begin = middle + 1;
        else
            range.end = middle;
    }
    return range.begin;
}

bool cover_enter(const struct cover *cover, struct cover_range range, const char *name,
                 struct cover_range *below)
{
    bool found = false;
    *below = (struct cover_range){0, 0, 0};
    if (range.begin == range.end)
        return false;
    below->begin = bound(cover, range, name, false);
    below->end = bound(cover, range, name, true);
    below->offset = range.offset + strlen(name) + 1;
    for (; below->begin < below->end && !cover->paths[below->begin][below->offset - 1];
         below->begin++)
        found = true; /* it may stand there more than once */
    return found;
}
