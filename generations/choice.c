#include "generations/choice.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"
#include "base/log.h"
#include "generations/store.h"

void choice_plan(const struct config *config, const char *choice, struct plan *plan)
{
    struct step *step = plan_add(plan, STEP_GENERATION, config->generations.origin);
    step->choice = choice ? choice : config->generations.default_choice;
    step->is_asked = choice;
    step->store = &config->generations.place;
}

void choice_sentence(const struct step *step, FILE *stream)
{
    bool number = *step->choice >= '0' && *step->choice <= '9';
    fprintf(stream, number ? "choose generation %s of %s:%s" : "choose the %s generation of %s:%s",
            step->choice, step->store->volume_name, step->store->path);
}

static int store_of(const struct context *context)
{
    return context_volume(context, context->config->generations.place.volume)->fd;
}

/* Without a record nothing is known of other boots, and this one is none the worse. */
static int open_record(const struct context *context, struct record *record)
{
    struct error error;
    *record = (struct record){0};
    auto_fd fd = record_open(store_of(context), true, &error);
    int code = fd < 0 ? fd : record_read(fd, record, &error);
    if (code < 0) {
        log_warning("ignoring: %s", error.text);
        return code;
    }
    if (record->damaged)
        log_warning("the record of boots is damaged, and begins anew");
    return TAKE_FD(fd);
}

void choice_note(const struct context *context, enum record_stage stage, const char *text)
{
    struct record record;
    struct error error;
    if (!context->generation)
        return;
    auto_fd fd = open_record(context, &record);
    if (fd < 0)
        return;
    struct record_attempt *attempt = record_current(&record, context->generation->number);
    if (!attempt || stage == RECORD_STARTED)
        attempt = record_add(&record, context->generation->number);
    attempt->stage = stage;
    strncpy(attempt->text, text, sizeof(attempt->text) - 1);
    if (record_write(fd, &record, &error) < 0)
        log_warning("ignoring: %s", error.text);
}

void choice_wait(const struct context *context, bool waits)
{
    struct record record;
    struct error error;
    auto_fd fd = context->generation ? open_record(context, &record) : -1;
    struct record_attempt *attempt =
        fd < 0 ? NULL : record_current(&record, context->generation->number);
    if (!attempt)
        return;
    attempt->stage = waits ? RECORD_WAITS : RECORD_STARTED;
    if (record_write(fd, &record, &error) < 0)
        log_warning("ignoring: %s", error.text);
}

static void begin(const struct context *context)
{
    const struct generation *generation = context->generation;
    log_info("generation %u%s%s", generation->number, generation->label ? ": " : "",
             generation->label ? generation->label : "");
    choice_note(context, RECORD_STARTED, "");
}

static int choose(const struct context *context, const char *choice,
                  const struct generation **generation, struct error *error)
{
    return generation_choose(context->arena, store_of(context), &context->config->generations,
                             choice, generation, error);
}

static bool is_spent(const struct context *context, const struct record *record, unsigned number)
{
    unsigned tries = context->config->generations.tries;
    return tries && record_failures(record, number) >= tries;
}

/* That which was good last, or else the one before. */
static int find_other(const struct context *context, const struct record *record, unsigned number,
                      const struct generation **other, struct error *error)
{
    unsigned good = record->last_good;
    if (good && good != number && !record_attempted(record, good) &&
        !is_spent(context, record, good) &&
        choose(context, arena_printf(context->arena, "%u", good), other, error) == 0)
        return 0;
    for (;;) {
        int code = generation_before(context->arena, store_of(context),
                                     &context->config->generations, number, other, error);
        if (code < 0)
            return code;
        number = (*other)->number;
        if (!record_attempted(record, number) && !is_spent(context, record, number))
            return 0;
    }
}

/* Where all have failed too often, the first choice is as good as any. */
static void replace_spent(struct context *context, const struct record *record)
{
    const struct generation *other;
    struct error ignored;
    unsigned number = context->generation->number;
    if (!is_spent(context, record, number) ||
        find_other(context, record, number, &other, &ignored) < 0)
        return;
    log_warning("generation %u has failed %u times: booting generation %u", number,
                record_failures(record, number), other->number);
    console_print("ebb: generation %u has failed %u times: booting generation %u\n", number,
                  record_failures(record, number), other->number);
    context->generation = other;
}

int choice_apply(const struct step *step, struct context *context, struct error *error)
{
    struct record record;
    auto_fd fd = open_record(context, &record);
    int code = -ENOENT;
    context->generation_is_asked = step->is_asked;
    if (!step->is_asked && record.chosen)
        code = choose(context, arena_printf(context->arena, "%u", record.chosen),
                      &context->generation, error);
    if (code < 0)
        code = choose(context, step->choice, &context->generation, error);
    if (code < 0)
        return error_prefix(error, "volume \"%s\"", step->store->volume_name);
    if (!step->is_asked)
        replace_spent(context, &record);
    begin(context);
    return 0;
}

int choice_fall_back(struct context *context, struct error *error)
{
    struct record record;
    const struct generation *other;
    if (context->generation_is_asked)
        return error_set(error, ENOENT, "a person has chosen this generation");
    if (store_of(context) < 0)
        return error_set(error, ENOENT, "no generation is known yet");
    auto_fd fd = open_record(context, &record);
    int code =
        find_other(context, &record, context->generation ? context->generation->number : UINT_MAX,
                   &other, error);
    if (code < 0)
        return code;
    context->generation = other;
    begin(context);
    return 0;
}

static int find_previous(const struct context *context, const struct generation **previous,
                         struct error *error)
{
    if (store_of(context) < 0)
        return error_set(error, ENODEV, "no generation is known yet");
    return generation_before(context->arena, store_of(context), &context->config->generations,
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
    begin(context);
    return 0;
}
