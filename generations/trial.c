#include "generations/trial.h"

#include <string.h>

static void explain(struct record_attempt *attempt, const char *text)
{
    if (!*attempt->text && attempt->stage != RECORD_STARTED)
        strncpy(attempt->text, text, sizeof(attempt->text) - 1);
}

/* What is gone back to stays, as if `ebb rollback` had chosen it: the newest may never have run. */
static void end_bad(struct record *record)
{
    record_mark_bad(record, record->trial.generation);
    if (record->trial.back)
        record_choose(record, record->trial.back);
}

bool trial_settle(struct record *record)
{
    struct record_trial *trial = &record->trial;
    struct record_attempt *last = record->count ? &record->attempts[record->count - 1] : NULL;
    bool is_over = trial->state == TRIAL_LIVE ||
                   (trial->state == TRIAL_RUNS && !record_attempted(record, trial->generation));
    if (!is_over)
        return false;
    /* Whoever was asked for a passphrase, and switched it off, has not tried it. */
    bool waits = last && last->generation == trial->generation && last->stage == RECORD_WAITS;
    if (trial->state == TRIAL_LIVE) {
        record_choose(record, trial->back);
        if (last)
            explain(last, "a change that `ebb arm` guarded was not confirmed");
    } else if (!waits) {
        end_bad(record);
        if (last && last->generation == trial->generation)
            explain(last, "it was on trial, and ended before its deadline");
    }
    trial->state = trial->state == TRIAL_RUNS && waits ? TRIAL_WANTED : TRIAL_NONE;
    return true;
}

bool trial_is_due(const struct record *record, uint32_t asked)
{
    return record->trial.state == TRIAL_WANTED && (!asked || asked == record->trial.generation);
}

bool trial_is_begun(const struct record *record)
{
    return record->trial.state == TRIAL_RUNS && record_attempted(record, record->trial.generation);
}

void trial_begin(struct record *record)
{
    record->trial.state = TRIAL_RUNS;
}

void trial_fail(struct record *record, uint32_t generation)
{
    bool runs = record->trial.state == TRIAL_RUNS && record->trial.generation == generation;
    if (!runs)
        return;
    end_bad(record);
    record->trial.state = TRIAL_NONE;
}
