#include "generations/choice.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"
#include "base/log.h"
#include "generations/ask.h"
#include "generations/attempt.h"
#include "generations/kexec.h"
#include "generations/store.h"
#include "generations/trial.h"

void choice_plan(const struct config *config, const char *choice, struct plan *plan)
{
    struct step *step = plan_add(plan, STEP_GENERATION, config->generations.origin);
    step->is_menu = choice && strcmp(choice, "menu") == 0;
    step->is_asked = choice && !step->is_menu;
    bool names_one = step->is_asked && strcmp(choice, "default") != 0;
    step->choice = names_one ? choice : config->generations.default_choice;
    step->store = &config->generations.place;
}

void choice_sentence(const struct step *step, FILE *stream)
{
    const struct generation wanted = {.choice = step->choice};
    fputs(step->is_menu ? "let a person choose, or else boot " : "choose ", stream);
    generation_print(&wanted, stream);
    fprintf(stream, " of %s:%s", step->store->volume_name, step->store->path);
}

static int store_of(const struct context *context)
{
    return context_volume(context, context->config->generations.place.volume)->fd;
}

static void begin(const struct context *context)
{
    const struct generation *generation = context->generation;
    log_info("generation %u%s%s", generation->number, generation->label ? ": " : "",
             generation->label ? generation->label : "");
    attempt_note(context, RECORD_STARTED, "");
}

static int choose(const struct context *context, const char *choice,
                  const struct generation **generation, struct error *error)
{
    return generation_choose(context->arena, store_of(context), &context->config->generations, NULL,
                             choice, generation, error);
}

static bool is_spent(const struct context *context, const struct record *record, unsigned number)
{
    return record_is_bad(record, number, context->config->generations.tries);
}

/* Why it should not be booted by itself, or NULL. */
static const char *objection_to(const struct context *context, const struct record *record,
                                const struct generation *generation)
{
    unsigned number = generation->number;
    if (record_is_bad(record, number, 0))
        return "is bad";
    if (is_spent(context, record, number))
        return arena_printf(context->arena, "has failed %u times", record_failures(record, number));
    return kexec_is_possible(context) || !kexec_is_needed(context, generation)
               ? NULL
               : "has no modules for the kernel that runs";
}

static bool is_good(const struct context *context, const struct record *record,
                    const struct generation *generation)
{
    return !record_attempted(record, generation->number) &&
           !objection_to(context, record, generation);
}

/* That which was good last, or that to which a trial goes back, or else the one before. */
static int find_other(const struct context *context, const struct record *record, unsigned number,
                      const struct generation **other, struct error *error)
{
    const unsigned preferred[] = {record->last_good, record->trial.back};
    for (size_t i = 0; i < ARRAY_LENGTH(preferred); i++)
        if (preferred[i] && preferred[i] != number &&
            choose(context, arena_printf(context->arena, "%u", preferred[i]), other, error) == 0 &&
            is_good(context, record, *other))
            return 0;
    for (;;) {
        int code = generation_before(context->arena, store_of(context),
                                     &context->config->generations, number, other, error);
        if (code < 0)
            return code;
        number = (*other)->number;
        if (is_good(context, record, *other))
            return 0;
    }
}

/* Where all are to be avoided, the first choice is as good as any. One that is spent stays so even
 * when the record has forgotten why. */
static void replace(struct context *context, int fd, struct record *record)
{
    const struct generation *other;
    struct error ignored;
    unsigned number = context->generation->number;
    const char *objection = objection_to(context, record, context->generation);
    if (!objection || find_other(context, record, number, &other, &ignored) < 0)
        return;
    log_warning("generation %u %s: booting generation %u", number, objection, other->number);
    console_print("ebb: generation %u %s: booting generation %u\n", number, objection,
                  other->number);
    if (is_spent(context, record, number)) {
        record_mark_bad(record, number);
        attempt_write(fd, record);
    }
    context->generation = other;
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

/* `ebb why` tells it, too. */
static void refuse_trial(int fd, struct record *record, const struct error *error)
{
    unsigned number = record->trial.generation;
    struct record_attempt *attempt = record_current(record, number);
    log_warning("generation %u is not tried: %s", number, error->text);
    console_print("ebb: generation %u is not tried: %s\n", number, error->text);
    if (!attempt)
        attempt = record_add(record, number);
    attempt->stage = RECORD_FAILED;
    strncpy(attempt->text, error->text, sizeof(attempt->text) - 1);
    trial_fail(record, number);
    attempt_write(fd, record);
}

static int choose_trial(struct context *context, int fd, struct record *record, struct error *error)
{
    unsigned number = record->trial.generation;
    int code = begin_trial(fd, record, error);
    if (code == 0)
        code = choose(context, arena_printf(context->arena, "%u", number), &context->generation,
                      error);
    bool fits = code < 0 || !kexec_is_needed(context, context->generation);
    if (!fits && record->trial.by_loader)
        code = error_set(error, ENOEXEC,
                         "the boot loader was to start its kernel once, which did not come up");
    else if (!fits && !kexec_is_possible(context))
        code = error_set(error, ENOEXEC, "it has no modules for the kernel that runs");
    if (code < 0) {
        refuse_trial(fd, record, error);
        return code;
    }
    context->generation_is_asked = false; /* by nobody who is there */
    context->trial = record->trial.seconds;
    console_print("ebb: trying generation %u\n", number);
    return 0;
}

/* What `ebb rollback` has chosen, or else what is declared; or what is asked for. */
static int choose_wanted(const struct step *step, const struct context *context,
                         const struct record *record, const struct generation **generation,
                         struct error *error)
{
    unsigned chosen = context->continues ? context->continues : record->chosen;
    if (!step->is_asked && chosen &&
        choose(context, arena_printf(context->arena, "%u", chosen), generation, error) == 0)
        return 0;
    return generation_choose(context->arena, store_of(context), &context->config->generations,
                             record, step->choice, generation, error);
}

static int choose_usual(const struct step *step, struct context *context, int fd,
                        struct record *record, struct error *error)
{
    int code = choose_wanted(step, context, record, &context->generation, error);
    if (code < 0)
        return error_prefix(error, "volume \"%s\"", step->store->volume_name);
    if (!step->is_asked && context->continues != context->generation->number)
        replace(context, fd, record);
    return 0;
}

/* Whether it is a trial that the boot is about. */
static bool is_trial(const struct step *step, const struct record *record)
{
    return attempt_is_due(step, record) || trial_is_begun(record);
}

/* What is booted unless a person says otherwise; 0: that is not known. */
static unsigned find_usual(const struct step *step, const struct context *context,
                           const struct record *record)
{
    struct error ignored; /* it is told when it comes to that */
    const struct generation *usual, *other;
    if (is_trial(step, record))
        return record->trial.generation;
    if (choose_wanted(step, context, record, &usual, &ignored) < 0)
        return 0;
    bool gives_way = !step->is_asked && objection_to(context, record, usual) &&
                     find_other(context, record, usual->number, &other, &ignored) == 0;
    return gives_way ? other->number : usual->number;
}

/* On NixOS, what was chosen is over once nixos-rebuild has the profile lead to another system, as
 * `ebb new` ends it elsewhere. */
static void end_choice(const struct context *context, int fd, struct record *record)
{
    const struct generation *latest;
    struct error ignored;
    if (context->config->generations.kind != STORE_NIX || !record->chosen ||
        choose(context, "latest", &latest, &ignored) < 0 || record->chosen_over == latest->number)
        return;
    if (record->chosen_over) {
        log_info("the profile leads to generation %u now, so what was chosen before, %u, is over",
                 latest->number, record->chosen);
        record_choose(record, 0);
    } else {
        record->chosen_over = latest->number;
    }
    attempt_write(fd, record);
}

int choice_apply(const struct step *declared, struct context *context, struct error *error)
{
    struct step step = *declared;
    struct record record;
    unsigned limit;
    auto_fd fd = attempt_record(context, &record);
    context->trial = 0;
    if (fd >= 0)
        attempt_settle(context, fd, &record);
    end_choice(context, fd, &record);
    ask_heed_init(&step, context, fd, &record);
    if (ask_is_due(&step, context, &record, &limit))
        ask_which(context, fd, &record, find_usual(&step, context, &record), limit, &step);
    context->generation_is_asked = step.is_asked;
    bool is_due = fd >= 0 && is_trial(&step, &record);
    bool tries = is_due && choose_trial(context, fd, &record, error) == 0;
    if (is_due && !tries && step.is_asked) { /* by the loader, for a trial that is over */
        step.is_asked = context->generation_is_asked = false;
        step.choice = context->config->generations.default_choice;
    }
    int code = tries ? 0 : choose_usual(&step, context, fd, &record, error);
    if (code == 0 && (kexec_was_ordered(context) || (context->continues && !declared->is_asked)))
        context->generation_is_asked = false; /* by us */
    if (code == 0)
        begin(context);
    return code;
}

int choice_fall_back(struct context *context, struct error *error)
{
    struct record record;
    const struct generation *other;
    if (context->generation_is_asked)
        return error_set(error, ENOENT, "a person has chosen this generation");
    if (store_of(context) < 0)
        return error_set(error, ENOENT, "no generation is known yet");
    auto_fd fd = attempt_record(context, &record);
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

int choice_take(struct context *context, unsigned number, struct error *error)
{
    int code =
        choose(context, arena_printf(context->arena, "%u", number), &context->generation, error);
    if (code < 0)
        return code;
    context->generation_is_asked = true;
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
