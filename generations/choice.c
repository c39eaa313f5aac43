#include "generations/choice.h"

#include <errno.h>
#include <limits.h>

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

static void tell(const struct generation *generation)
{
    log_info("generation %u%s%s", generation->number, generation->label ? ": " : "",
             generation->label ? generation->label : "");
}

int choice_apply(const struct step *step, struct context *context, struct error *error)
{
    int volume = context_volume(context, step->store->volume)->fd;
    int code = generation_choose(context->arena, volume, step->store->path, step->choice,
                                 &context->generation, error);
    if (code < 0)
        return error_prefix(error, "volume \"%s\"", step->store->volume_name);
    tell(context->generation);
    return 0;
}

static int find_previous(const struct context *context, const struct generation **previous,
                         struct error *error)
{
    const struct place *store = &context->config->generations.place;
    int volume = context_volume(context, store->volume)->fd;
    if (volume < 0)
        return error_set(error, ENODEV, "no generation is known yet");
    return generation_before(context->arena, volume, store->path,
                             context->generation ? context->generation->number : UINT_MAX, previous,
                             error);
}

bool choice_has_previous(const struct context *context)
{
    const struct generation *previous;
    struct error error;
    return find_previous(context, &previous, &error) == 0;
}

int choice_previous(struct context *context, struct error *error)
{
    int code = find_previous(context, &context->generation, error);
    if (code < 0)
        return error_prefix(error, "volume \"%s\"",
                            context->config->generations.place.volume->name);
    tell(context->generation);
    return 0;
}
