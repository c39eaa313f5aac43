#include "plan/step.h"

#include <stdlib.h>

#include "plan/value.h"

struct step *plan_add(struct plan *plan, enum step_kind kind, struct origin origin)
{
    struct step *step = ARENA_PUSH(plan->arena, plan->steps, plan->count);
    *step = (struct step){.kind = kind, .origin = origin};
    return step;
}

size_t plan_find(const struct plan *plan, enum step_kind kind)
{
    size_t at = 0;
    while (at < plan->count && plan->steps[at].kind != kind)
        at++;
    return at;
}

/* "/" sorts before every other byte, so that /a/b stands before /a-b and right behind /a. */
static int compare_paths(const char *left, const char *right)
{
    while (*left && *left == *right) {
        left++;
        right++;
    }
    if (*left == *right)
        return 0;
    if (!*left || !*right)
        return *left ? 1 : -1;
    if (*left == '/' || *right == '/')
        return *left == '/' ? -1 : 1;
    return (unsigned char)*left < (unsigned char)*right ? -1 : 1;
}

static int by_target(const void *left, const void *right)
{
    return compare_paths(((const struct step *)left)->target, ((const struct step *)right)->target);
}

void plan_sort(struct plan *plan, size_t first)
{
    if (plan->count > first)
        qsort(plan->steps + first, plan->count - first, sizeof(*plan->steps), by_target);
}

void generation_print(const struct generation *generation, FILE *stream)
{
    if (generation->number)
        fprintf(stream, "generation %u", generation->number);
    else if (!value_is_word(generation->choice))
        fprintf(stream, "generation \"%s\"", generation->choice);
    else if (*generation->choice >= '0' && *generation->choice <= '9')
        fprintf(stream, "generation %s", generation->choice);
    else
        fprintf(stream, "the %s generation", generation->choice);
}
