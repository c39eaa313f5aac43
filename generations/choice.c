#include "generations/choice.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"
#include "base/log.h"
#include "generations/store.h"
#include "generations/trial.h"

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
    if (strcmp(step->choice, "menu") == 0)
        fprintf(stream, "let a person choose a generation of %s:%s", step->store->volume_name,
                step->store->path);
    else
        fprintf(stream,
                number ? "choose generation %s of %s:%s" : "choose the %s generation of %s:%s",
                step->choice, step->store->volume_name, step->store->path);
}

static int store_of(const struct context *context)
{
    return context_volume(context, context->config->generations.place.volume)->fd;
}

/* Without a record nothing is known of other boots, and this one is none the worse. -1: there is
 * none, or its volume is not there yet. */
static int open_record(const struct context *context, struct record *record)
{
    struct error error;
    const struct place *place = &context->config->generations.record;
    int volume = context_volume(context, place->volume)->fd;
    *record = (struct record){0};
    if (volume < 0)
        return -1;
    auto_fd fd = record_open(volume, place->path, true, &error);
    int code = fd < 0 ? fd : record_read(fd, record, &error);
    if (code < 0) {
        log_warning("ignoring: %s", error.text);
        return code;
    }
    if (record->damaged)
        log_warning("the record of boots is damaged, and begins anew");
    return TAKE_FD(fd);
}

static void write_record(int fd, struct record *record)
{
    struct error error;
    if (fd >= 0 && record_write(fd, record, &error) < 0)
        log_warning("ignoring: %s", error.text);
}

static unsigned number_of(const struct context *context)
{
    return context->generation ? context->generation->number : 0;
}

/* That which began before a generation was known, is about the one that was chosen then. */
static struct record_attempt *find_attempt(struct record *record, unsigned number)
{
    struct record_attempt *attempt = record_current(record, number), *unknown;
    unknown = attempt ? NULL : record_current(record, 0);
    if (unknown && !unknown->generation && unknown->stage != RECORD_FAILED) {
        unknown->generation = number;
        attempt = unknown;
    }
    return attempt;
}

void choice_note(const struct context *context, enum record_stage stage, const char *text)
{
    struct record record;
    unsigned number = number_of(context);
    auto_fd fd = open_record(context, &record);
    if (fd < 0)
        return;
    struct record_attempt *attempt = find_attempt(&record, number);
    if (!attempt || (stage == RECORD_STARTED && attempt->stage != RECORD_STARTED))
        attempt = record_add(&record, number);
    attempt->stage = stage;
    strncpy(attempt->text, text, sizeof(attempt->text) - 1);
    if (stage == RECORD_FAILED)
        trial_fail(&record, attempt->generation);
    write_record(fd, &record);
}

void choice_wait(const struct context *context, bool waits)
{
    struct record record;
    auto_fd fd = open_record(context, &record);
    struct record_attempt *attempt = fd < 0 ? NULL : record_current(&record, number_of(context));
    if (!attempt)
        return;
    attempt->stage = waits ? RECORD_WAITS : RECORD_STARTED;
    write_record(fd, &record);
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
    return record_is_bad(record, number, context->config->generations.tries);
}

/* That which was good last, or that to which a trial goes back, or else the one before. */
static int find_other(const struct context *context, const struct record *record, unsigned number,
                      const struct generation **other, struct error *error)
{
    const unsigned preferred[] = {record->last_good, record->trial.back};
    for (size_t i = 0; i < ARRAY_LENGTH(preferred); i++)
        if (preferred[i] && preferred[i] != number && !record_attempted(record, preferred[i]) &&
            !is_spent(context, record, preferred[i]) &&
            choose(context, arena_printf(context->arena, "%u", preferred[i]), other, error) == 0)
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

/* Where all have failed too often, the first choice is as good as any. It stays spent even when the
 * record has forgotten why. */
static void replace_spent(struct context *context, int fd, struct record *record)
{
    const struct generation *other;
    struct error ignored;
    unsigned number = context->generation->number, failures = record_failures(record, number);
    if (!is_spent(context, record, number) ||
        find_other(context, record, number, &other, &ignored) < 0)
        return;
    const char *why = record_is_bad(record, number, 0)
                          ? "is bad"
                          : arena_printf(context->arena, "has failed %u times", failures);
    log_warning("generation %u %s: booting generation %u", number, why, other->number);
    console_print("ebb: generation %u %s: booting generation %u\n", number, why, other->number);
    record_mark_bad(record, number, true);
    write_record(fd, record);
    context->generation = other;
}

static void settle_trial(int fd, struct record *record)
{
    struct record_trial trial = record->trial;
    if (!trial_settle(record))
        return;
    write_record(fd, record);
    if (record->trial.state == TRIAL_NONE && trial.generation)
        console_print("ebb: the trial of generation %u was not confirmed\n", trial.generation);
    else if (record->trial.state == TRIAL_NONE)
        console_print("ebb: the change that `ebb arm` guarded was not confirmed\n");
}

/* It is used up before anything of it is done. One that cannot be written down is none: it would be
 * tried for ever. Where there is an early record, that has begun it. */
static int begin_trial(int fd, struct record *record, struct error *error)
{
    if (record->trial.state == TRIAL_RUNS)
        return 0;
    trial_begin(record);
    return record_write(fd, record, error);
}

static int choose_trial(struct context *context, int fd, struct record *record, struct error *error)
{
    unsigned number = record->trial.generation;
    int code = begin_trial(fd, record, error);
    if (code == 0)
        code = choose(context, arena_printf(context->arena, "%u", number), &context->generation,
                      error);
    if (code < 0) {
        log_warning("generation %u is not tried: %s", number, error->text);
        trial_fail(record, number);
        write_record(fd, record);
        return code;
    }
    context->generation_is_asked = false; /* by nobody who is there */
    context->trial = record->trial.seconds;
    console_print("ebb: trying generation %u\n", number);
    return 0;
}

static int choose_usual(const struct step *step, struct context *context, int fd,
                        struct record *record, struct error *error)
{
    int code = -ENOENT;
    if (step->is_asked && strcmp(step->choice, "menu") == 0)
        return error_set(error, ECANCELED,
                         "a person is to choose, by ebb.generation=menu: p boots the latest "
                         "generation, and from there the one before");
    if (!step->is_asked && record->chosen)
        code = choose(context, arena_printf(context->arena, "%u", record->chosen),
                      &context->generation, error);
    if (code < 0)
        code = choose(context, step->choice, &context->generation, error);
    if (code < 0)
        return error_prefix(error, "volume \"%s\"", step->store->volume_name);
    if (!step->is_asked)
        replace_spent(context, fd, record);
    return 0;
}

/* Whether this boot is to be the trial: of the generation that is asked for, or unasked. */
static bool is_due(const struct step *step, const struct record *record)
{
    unsigned asked = step->is_asked ? (unsigned)strtoul(step->choice, NULL, 10) : 0;
    return (asked || !step->is_asked) && trial_is_due(record, asked);
}

int choice_apply(const struct step *step, struct context *context, struct error *error)
{
    struct record record;
    auto_fd fd = open_record(context, &record);
    context->generation_is_asked = step->is_asked;
    context->trial = 0;
    if (fd >= 0)
        settle_trial(fd, &record);
    bool is_trial = fd >= 0 && (is_due(step, &record) || trial_is_begun(&record)) &&
                    choose_trial(context, fd, &record, error) == 0;
    int code = is_trial ? 0 : choose_usual(step, context, fd, &record, error);
    if (code == 0)
        begin(context);
    return code;
}

void record_plan(const struct config *config, const char *choice, struct plan *plan)
{
    const struct place *record = &config->generations.record;
    if (!record->volume || !record->volume->holds_record)
        return;
    struct step *step = plan_add(plan, STEP_RECORD, record->origin);
    step->choice = choice ? choice : config->generations.default_choice;
    step->is_asked = choice;
    step->store = record;
    step->is_optional = true;
}

void record_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "write to %s:%s that a boot has begun", step->store->volume_name,
            step->store->path);
}

/* Nothing is known of the store yet, but for what is tried. */
int record_apply(const struct step *step, struct context *context, struct error *error)
{
    struct record record;
    auto_fd fd = open_record(context, &record);
    if (fd < 0)
        return error_set(error, ENODEV, "there is no record of boots");
    settle_trial(fd, &record);
    bool is_trial = is_due(step, &record);
    if (is_trial)
        trial_begin(&record);
    (void)record_add(&record, is_trial ? record.trial.generation : 0); /* it has begun */
    return record_write(fd, &record, error);
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
    context->trial = 0;
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
    context->trial = 0;
    if (code < 0)
        return error_prefix(error, "volume \"%s\"",
                            context->config->generations.place.volume->name);
    begin(context);
    return 0;
}
