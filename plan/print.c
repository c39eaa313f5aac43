#include "plan/print.h"

#include "plan/kinds.h"

/* How many columns UTF-8 text takes, near enough for aligning. */
static int columns(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

void plan_print(const struct plan *plan, FILE *stream)
{
    enum { LEAST = 40, MOST = 76 }; /* a longer sentence pushes only its own origin out */
    const char **sentences = arena_alloc(plan->arena, (plan->count + 1) * sizeof(*sentences));
    int width = LEAST;
    for (size_t i = 0; i < plan->count; i++) {
        sentences[i] = step_sentence(plan->arena, &plan->steps[i]);
        int needed = columns(sentences[i]);
        if (needed > width && needed <= MOST)
            width = needed;
    }
    for (size_t i = 0; i < plan->count; i++) {
        int gap = width + 2 - columns(sentences[i]);
        fprintf(stream, "%s%*s(%s)\n", sentences[i], gap > 2 ? gap : 2, "",
                origin_line(plan->arena, plan->steps[i].origin));
    }
}
