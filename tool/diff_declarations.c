#include <string.h>

#include "plan/meaning.h"
#include "tool/diff.h"

static struct diff_item *add(struct diff_part *part, const char *name)
{
    struct diff_item *item = ARENA_PUSH(part->arena, part->items, part->count);
    *item = (struct diff_item){.name = name};
    return item;
}

static void add_difference(struct diff_part *part, const struct meaning_thing *old,
                           const struct meaning_thing *new)
{
    bool renamed = old && new &&strcmp(old->head, new->head) != 0; /* a dir is a file now */
    struct diff_item *item = add(part, old ? old->head : new->head);
    if (old)
        item->old = meaning_text(part->arena, old, renamed ? NULL : new);
    if (renamed)
        item = add(part, new->head);
    if (new)
        item->new = meaning_text(part->arena, new, renamed ? NULL : old);
}

void diff_declarations(const struct diff *diff, struct diff_part *part)
{
    struct meaning old, new;
    struct meaning_difference *differences = NULL;
    size_t count = 0;
    part->known = true;
    meaning_of(part->arena, diff->old.config, &old);
    meaning_of(part->arena, diff->new.config, &new);
    meaning_compare(&old, &new, &differences, &count);
    for (size_t i = 0; i < count; i++)
        add_difference(part, differences[i].old, differences[i].new);
}
