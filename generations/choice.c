#include "generations/choice.h"

#include "base/log.h"
#include "generations/store.h"

void choice_plan(const struct config *config, const char *choice, struct plan *plan)
{
    struct step *step = plan_add(plan, STEP_GENERATION, config->generations.origin);
    step->choice = choice ? choice : config->generations.default_choice;
    step->store = &config->generations.place;
}

void choice_sentence(const struct step *step, FILE *stream)
{
    bool number = *step->choice >= '0' && *step->choice <= '9';
    fprintf(stream, number ? "choose generation %s of %s:%s" : "choose the %s generation of %s:%s",
            step->choice, step->store->volume_name, step->store->path);
}

int choice_apply(const struct step *step, struct context *context, struct error *error)
{
    int volume = context_volume(context, step->store->volume)->fd;
    int code = generation_choose(context->arena, volume, step->store->path, step->choice,
                                 &context->generation, error);
    if (code < 0)
        return error_prefix(error, "volume \"%s\"", step->store->volume_name);
    const char *label = context->generation->label;
    log_info("generation %u%s%s", context->generation->number, label ? ": " : "",
             label ? label : "");
    return 0;
}
