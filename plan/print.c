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
    enum { SENTENCE_COLUMNS = 56 };
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        const char *sentence = step_sentence(plan->arena, step);
        int gap = SENTENCE_COLUMNS - columns(sentence);
        fprintf(stream, "%s%*s(%s)\n", sentence, gap > 2 ? gap : 2, "",
                origin_line(plan->arena, step->origin));
    }
}
