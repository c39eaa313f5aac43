#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool/import.h"

static int by_path(const void *left, const void *right)
{
    const struct import_entry *a = *(struct import_entry *const *)left;
    const struct import_entry *b = *(struct import_entry *const *)right;
    int order = strcmp(a->full, b->full);
    return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

static int only_by_path(const void *left, const void *right)
{
    return strcmp((*(struct import_entry *const *)left)->full,
                  (*(struct import_entry *const *)right)->full);
}

/* System entries of a store come before its homes. */
static int by_place(const void *left, const void *right)
{
    const struct import_entry *a = *(struct import_entry *const *)left;
    const struct import_entry *b = *(struct import_entry *const *)right;
    int order = strcmp(a->store, b->store);
    if (!order)
        order = strcmp(a->home ? a->home->user : "", b->home ? b->home->user : "");
    return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct import_entry *a, const struct import_entry *b)
{
    return strcmp(a->store, b->store) == 0 && a->file == b->file && a->mode == b->mode &&
           a->options == b->options && a->keep_existing == b->keep_existing &&
           same_text(a->owner, b->owner) && same_text(a->group, b->group) &&
           same_text(a->method, b->method) && !a->home == !b->home;
}

/* Two declarations of a path in one file are an error for Ebb. Leaves one of each in `sorted`. */
static size_t drop_repeated(struct import *import, struct import_entry **sorted, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(sorted[kept - 1]->full, sorted[i]->full) != 0) {
            sorted[kept++] = sorted[i];
            continue;
        }
        sorted[i]->dropped = true;
        if (!same(sorted[kept - 1], sorted[i]))
            import_lose(import, sorted[i]->store, sorted[i]->full,
                        "is declared again and otherwise than in \"%s\", which holds; decide for "
                        "one of the two",
                        import_shown(import->arena, sorted[kept - 1]->store));
    }
    return kept;
}

static const struct import_entry *find(struct import_entry *const *sorted, size_t count,
                                       const char *path)
{
    const struct import_entry key = {.full = path}, *wanted = &key;
    struct import_entry *const *found =
        bsearch(&wanted, sorted, count, sizeof(struct import_entry *), only_by_path);
    return found ? *found : NULL;
}

/* What is lost of an entry that is no line of its own, because its folder is kept as a whole: the
 * owner and the mode that it would be made with, and options of a mount that there is not. That
 * nothing is mounted hides it, too, and lets its writers rename it. */
static void become_part(struct import *import, struct import_entry *entry,
                        const struct import_entry *outer)
{
    bool homes = !entry->home == !outer->home; /* whose own modes are others */
    bool same_mode = (homes && entry->mode == outer->mode) || (!entry->home && entry->mode < 0);
    bool same_owner =
        (!entry->owner && !entry->group) ||
        (same_text(entry->owner, outer->owner) && same_text(entry->group, outer->group) && homes);
    bool same_options = ((entry->options ^ outer->options) & ~(unsigned)IMPORT_HIDE) == 0;
    entry->part_of = outer->full;
    if (!same_mode || !same_owner || !same_options)
        import_lose(import, entry->store, entry->full,
                    "is kept as part of \"%s\", without the owner, mode or options that are "
                    "declared for it alone; see the comment in its place",
                    import_shown(import->arena, outer->full));
}

/* The declared folders above an entry, from the nearest on. */
static void look_above(struct import *import, struct import_entry *const *sorted, size_t count,
                       struct import_entry *entry)
{
    char parent[PATH_MAX * 2];
    const struct import_entry *nearest = NULL;
    snprintf(parent, sizeof(parent), "%s", entry->full);
    for (char *slash; (slash = strrchr(parent, '/')) && slash != parent;) {
        *slash = '\0';
        const struct import_entry *outer = find(sorted, count, parent);
        if (!outer)
            continue;
        if (outer->file) {
            import_lose(import, entry->store, entry->full,
                        "lies below \"%s\", which is declared as a file; correct one of the two",
                        import_shown(import->arena, outer->full));
            entry->dropped = true;
            return;
        }
        if (strcmp(outer->store, entry->store) == 0 && nearest) {
            import_lose(import, entry->store, entry->full,
                        "lies in \"%s\" of another store, which lies in \"%s\" of this one; keep "
                        "it in the other store",
                        import_shown(import->arena, nearest->full),
                        import_shown(import->arena, outer->full));
            entry->dropped = true;
            return;
        }
        if (strcmp(outer->store, entry->store) == 0) {
            become_part(import, entry, outer);
            return;
        }
        nearest = nearest ? nearest : outer;
    }
}

/* Parents of entries are made by Ebb in its own way, unless they are entries themselves. */
static void tell_parents(struct import *import, struct import_entry *const *sorted, size_t count)
{
    const char *told = "", *told_wish = "";
    for (size_t i = 0; i < count; i++) {
        const struct import_entry *entry = sorted[i];
        if (!entry->parent_wish || entry->dropped)
            continue;
        const char *slash = strrchr(entry->full, '/');
        const char *parent = arena_copy(import->arena, entry->full, (size_t)(slash - entry->full));
        bool again = strcmp(parent, told) == 0 && strcmp(entry->parent_wish, told_wish) == 0;
        if (again || find(sorted, count, parent))
            continue;
        import_lose(import, entry->store, parent,
                    "was to be made with %s; Ebb makes parents %s: declare it as a folder, or let "
                    "the generation have it",
                    entry->parent_wish, entry->home ? "the user's, 0700" : "root's, 0755");
        told = parent;
        told_wish = entry->parent_wish;
    }
}

void import_settle(struct import *import)
{
    size_t count = import->entry_count;
    if (count == 0)
        return;
    auto_arena arena = arena_new();
    struct import_entry **sorted = arena_alloc(arena, count * sizeof(struct import_entry *));
    memcpy(sorted, import->entries, count * sizeof(struct import_entry *));
    qsort(sorted, count, sizeof(struct import_entry *), by_path);
    size_t kept = drop_repeated(import, sorted, count);
    for (size_t i = 0; i < kept; i++)
        look_above(import, sorted, kept, sorted[i]);
    tell_parents(import, sorted, kept);
    qsort(import->entries, count, sizeof(struct import_entry *), by_place);
}
