#include "generations/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/log.h"
#include "generations/trial.h"
#include "plan/value.h"

int attempt_record(const struct context *context, struct record *record)
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

const char *attempt_last_end(const struct context *context)
{
    struct record record;
    if (!context->config->generations.record.volume)
        return NULL;
    auto_fd fd = attempt_record(context, &record);
    const struct record_attempt *last = fd < 0 ? NULL : record_before(&record);
    return last && record_has_left(last) ? record_end_names[last->end] : NULL;
}

void attempt_write(int fd, struct record *record)
{
    struct error error;
    if (fd >= 0 && record_write(fd, record, &error) < 0)
        log_warning("ignoring: %s", error.text);
}

static unsigned number_of(const struct context *context)
{
    return context->generation ? context->generation->number : 0;
}

/* Whoever is asked for a passphrase may switch the machine off instead. */
static enum record_stage begun(const struct context *context)
{
    return context->is_waiting ? RECORD_WAITS : RECORD_STARTED;
}

/* One whose init was executed is of the kernel before, as long as that is not settled. */
static struct record_attempt *find_current(struct record *record, unsigned number)
{
    struct record_attempt *attempt = record_current(record, number);
    return attempt && !record_has_left(attempt) ? attempt : NULL;
}

/* That which began before a generation was known, is about the one that was chosen then. */
static struct record_attempt *find_attempt(struct record *record, unsigned number)
{
    struct record_attempt *attempt = find_current(record, number), *unknown;
    unknown = attempt ? NULL : find_current(record, 0);
    if (unknown && !unknown->generation && unknown->stage != RECORD_FAILED) {
        unknown->generation = number;
        attempt = unknown;
    }
    return attempt;
}

void attempt_note(const struct context *context, enum record_stage stage, const char *text)
{
    struct record record;
    unsigned number = number_of(context);
    auto_fd fd = attempt_record(context, &record);
    if (fd < 0)
        return;
    struct record_attempt *attempt = find_attempt(&record, number);
    bool begins = stage == RECORD_STARTED || stage == RECORD_WAITS;
    if (!attempt || (begins && attempt->stage == RECORD_FAILED))
        attempt = record_add(&record, number);
    attempt->stage = stage == RECORD_STARTED ? begun(context) : stage;
    strncpy(attempt->text, text, sizeof(attempt->text) - 1);
    if (stage == RECORD_FAILED)
        trial_fail(&record, attempt->generation);
    attempt_write(fd, &record);
}

void attempt_failed(const struct context *context, const struct error *error)
{
    attempt_note(context, error->code == ECANCELED ? RECORD_WAITS : RECORD_FAILED, error->text);
}

void attempt_wait(const struct context *context)
{
    struct record record;
    auto_fd fd = attempt_record(context, &record);
    struct record_attempt *attempt = fd < 0 ? NULL : find_current(&record, number_of(context));
    if (!attempt)
        return;
    attempt->stage = begun(context);
    attempt_write(fd, &record);
}

/* kexec may start the next kernel with the parameters of this one. The boot that they name is over
 * then: its init was executed. */
static void settle_continuation(struct context *context, const struct record *record)
{
    struct error error;
    if (!context->continues || !record_boot_has_left(record))
        return;
    context->continues = 0;
    if (path_write(AT_FDCWD, RECORD_ANEW, "", 0, 0644, &error) < 0)
        log_warning("ignoring: %s", error.text);
    log_info("the boot that " RECORD_CONTINUES " names is over, so this is a new one");
}

void attempt_settle(struct context *context, int fd, struct record *record)
{
    settle_continuation(context, record);
    struct record_trial trial = record->trial;
    if (!trial_settle(record))
        return;
    attempt_write(fd, record);
    if (record->trial.state == TRIAL_NONE && trial.generation)
        console_print("ebb: the trial of generation %u was not confirmed\n", trial.generation);
    else if (record->trial.state == TRIAL_NONE)
        console_print("ebb: the change that `ebb arm` guarded was not confirmed\n");
}

bool attempt_is_due(const struct step *step, const struct record *record)
{
    bool names_one = step->is_asked && value_is_word(step->choice); /* a label may begin so, too */
    unsigned asked = names_one ? (unsigned)strtoul(step->choice, NULL, 10) : 0;
    return (asked || !step->is_asked) && trial_is_due(record, asked);
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
    auto_fd fd = attempt_record(context, &record);
    if (fd < 0)
        return error_set(error, ENODEV, "there is no record of boots");
    attempt_settle(context, fd, &record);
    bool is_trial = attempt_is_due(step, &record);
    if (is_trial)
        trial_begin(&record);
    if (is_trial || !context->continues)
        record_add(&record, is_trial ? record.trial.generation : 0)->stage = begun(context);
    return record_write(fd, &record, error);
}
