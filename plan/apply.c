#include "plan/apply.h"

#include "base/clock.h"
#include "base/log.h"
#include "plan/kinds.h"

int plan_apply(struct course *course, struct context *context, struct history *history,
               struct error *error)
{
    for (; course->next < course->plan->count; course->next++) {
        const struct step *step = &course->plan->steps[course->next];
        struct outcome *outcome = ARENA_PUSH(history->arena, history->outcomes, history->count);
        *outcome = (struct outcome){.step = step, .sentence = step_sentence(history->arena, step)};
        log_info("%s (%s)", outcome->sentence, origin_line(history->arena, step->origin));
        unsigned long start = clock_microseconds();
        int code = step_kinds[step->kind].apply(step, context, error);
        outcome->microseconds = clock_microseconds() - start;
        if (code == 0)
            continue;
        outcome->failure = arena_string(history->arena, error->text);
        outcome->ignored = code > 0 || step->is_optional;
        if (!outcome->ignored)
            return code;
        log_warning("ignoring, as declared: %s", error->text);
    }
    return 0;
}

void history_go_on(struct history *history, size_t count, const struct error *error)
{
    *ARENA_PUSH(history->arena, history->setbacks, history->setback_count) =
        arena_string(history->arena, error->text);
    history->count = count;
}
