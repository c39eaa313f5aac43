#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "persist/lost.h"

static void *grow(void *array, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return array;
    *room = wanted < 64 ? 64 : 2 * wanted;
    array = reallocarray(array, *room, size);
    if (!array)
        memory_exhausted();
    return array;
}

size_t lost_add(struct lost *lost, const struct lost_item *item, const char *name)
{
    size_t length = strlen(name) + 1;
    lost->items = grow(lost->items, &lost->room, lost->count + 1, sizeof(*lost->items));
    lost->names = grow(lost->names, &lost->name_room, lost->name_length + length, 1);
    memcpy(lost->names + lost->name_length, name, length);
    lost->items[lost->count] = *item;
    lost->items[lost->count].name = lost->name_length;
    lost->name_length += length;
    if (item->parent != LOST_TOP)
        lost->items[item->parent].children++;
    return lost->count++;
}

void lost_cut(struct lost *lost, size_t count)
{
    if (count == lost->count)
        return;
    size_t parent = lost->items[count].parent;
    if (parent != LOST_TOP)
        lost->items[parent].children--;
    lost->name_length = lost->items[count].name;
    lost->count = count;
}

struct sorting {
    const struct lost *lost;
    size_t *order;  /* the items by parent, and among those of one parent by name */
    size_t *begins; /* where the children of each stand in there; the first is that of the top */
    struct lost_item *sorted;
    size_t count;
};

static int by_place(const void *left, const void *right, void *context)
{
    const struct lost *lost = context;
    const struct lost_item *a = &lost->items[*(const size_t *)left],
                           *b = &lost->items[*(const size_t *)right];
    if (a->parent != b->parent)
        return a->parent + 1 < b->parent + 1 ? -1 : 1; /* the top comes first */
    return strcmp(lost_name(lost, a), lost_name(lost, b));
}

/* As deep as the walk was. */
static void emit(struct sorting *sorting, size_t parent, size_t new_parent)
{
    for (size_t i = sorting->begins[parent + 1]; i < sorting->begins[parent + 2]; i++) {
        size_t place = sorting->count++;
        sorting->sorted[place] = sorting->lost->items[sorting->order[i]];
        sorting->sorted[place].parent = new_parent;
        emit(sorting, sorting->order[i], place);
    }
}

void lost_sort(struct lost *lost)
{
    struct sorting sorting = {.lost = lost,
                              .order = calloc(lost->count + 1, sizeof(size_t)),
                              .begins = calloc(lost->count + 3, sizeof(size_t)),
                              .sorted = calloc(lost->count + 1, sizeof(struct lost_item))};
    if (!sorting.order || !sorting.begins || !sorting.sorted)
        memory_exhausted();
    for (size_t i = 0; i < lost->count; i++) {
        sorting.order[i] = i;
        sorting.begins[lost->items[i].parent + 2]++;
    }
    for (size_t i = 1; i < lost->count + 2; i++)
        sorting.begins[i] += sorting.begins[i - 1];
    qsort_r(sorting.order, lost->count, sizeof(size_t), by_place, lost);
    emit(&sorting, LOST_TOP, LOST_TOP);
    free(lost->items);
    free(sorting.order);
    free(sorting.begins);
    lost->items = sorting.sorted;
    lost->room = lost->count + 1;
}

void lost_free(struct lost *lost)
{
    for (size_t i = 0; i < lost->blind_count; i++)
        free(lost->blind[i].path);
    free(lost->blind);
    free(lost->items);
    free(lost->names);
    *lost = (struct lost){0};
}

const char *lost_name(const struct lost *lost, const struct lost_item *item)
{
    return lost->names + item->name;
}

char *lost_path(const struct lost *lost, const struct lost_item *item)
{
    size_t length = 0;
    for (const struct lost_item *at = item;; at = &lost->items[at->parent]) {
        length += strlen(lost_name(lost, at)) + 1;
        if (at->parent == LOST_TOP)
            break;
    }
    char *path = malloc(length + 1), *end = path + length;
    if (!path)
        memory_exhausted();
    *end = '\0';
    for (const struct lost_item *at = item;; at = &lost->items[at->parent]) {
        size_t part = strlen(lost_name(lost, at));
        end -= part;
        memcpy(end, lost_name(lost, at), part);
        *--end = '/';
        if (at->parent == LOST_TOP)
            return path;
    }
}
