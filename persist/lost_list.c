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
