#include <string.h>

#include "tool/closure.h"
#include "tool/diff.h"
#include "tool/packages.h"

static void compare(const struct packages *old, const struct packages *new, struct diff_part *part)
{
    for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
        int order = i == old->count   ? 1
                    : j == new->count ? -1
                                      : strcmp(old->items[i].name, new->items[j].name);
        const char *name = order <= 0 ? old->items[i].name : new->items[j].name;
        const char *one = order <= 0 ? old->items[i++].version : NULL;
        const char *other = order >= 0 ? new->items[j++].version : NULL;
        if (!one || !other || strcmp(one, other) != 0)
            *ARENA_PUSH(part->arena, part->items, part->count) =
                (struct diff_item){name, one, other};
    }
}

static int read_side(struct diff_part *part, const struct diff_side *side,
                     struct packages *packages, struct error *error)
{
    int code = side->system ? closure_read(part->arena, side->system, packages, error)
                            : packages_read(part->arena, side->tree, packages, error);
    return code < 0 ? error_prefix(error, "generation %u", side->generation->number) : 0;
}

int diff_packages(const struct diff *diff, struct diff_part *part, struct error *error)
{
    struct packages old = {0}, new = {0};
    int code = read_side(part, &diff->old, &old, error);
    if (code == 0)
        code = read_side(part, &diff->new, &new, error);
    if (code < 0)
        return code;
    part->known = old.known && new.known;
    if (part->known)
        compare(&old, &new, part);
    return 0;
}
