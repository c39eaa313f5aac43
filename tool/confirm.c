/* ebb confirm: this boot is good. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "generations/guard.h"
#include "generations/store.h"
#include "tool/boot.h"
#include "tool/boots.h"
#include "tool/health.h"
#include "tool/options.h"
#include "tool/trial.h"
#include "tool/verb.h"

int confirm_mark(struct record *record, uint32_t generation, struct error *error)
{
    struct record_attempt *attempt = record_current(record, generation);
    if (!attempt)
        return error_set(error, ENOENT,
                         "the record knows nothing of this boot of generation %u; it could not be "
                         "written then, see `ebb status`",
                         generation);
    attempt->stage = RECORD_GOOD;
    memset(attempt->text, 0, sizeof(attempt->text));
    record->last_good = generation;
    record_forgive(record, generation);
    return 0;
}

/* What was tried is booted from now on, also where that is not what is declared. */
static void end_trial(struct arena *arena, struct boots *boots)
{
    const struct generation *usual;
    struct error ignored;
    struct record *record = &boots->record;
    uint32_t generation = boots->booted.generation;
    if (record->trial.state == TRIAL_RUNS && record->trial.generation == generation) {
        int code = generation_choose(arena, boots->volume, &boots->config->generations, record,
                                     boots->config->generations.default_choice, &usual, &ignored);
        record_choose(record, code == 0 && usual->number == generation ? 0 : generation);
    }
    record->trial.state = TRIAL_NONE;
}

/* Once that is on the disk, and not before, the guard may go. */
static int mark(struct arena *arena, struct boots *boots, struct error *error)
{
    int code = confirm_mark(&boots->record, boots->booted.generation, error);
    if (code < 0)
        return code;
    bool was_tried =
        boots->record.trial.state == TRIAL_RUNS || boots->record.trial.state == TRIAL_LIVE;
    end_trial(arena, boots);
    code = record_write(boots->fd, &boots->record, error);
    if (code < 0)
        return code;
    code = guard_release(error);
    if (code < 0 && code != -ENOENT)
        return error_prefix(error, "generation %u is good, but", boots->booted.generation);
    if (code < 0 && was_tried)
        log_warning("the guard of the trial is gone already");
    return 0;
}

bool confirm_refuse(struct record *record, uint32_t generation, const char *fault)
{
    struct record_attempt *attempt = record_current(record, generation);
    if (!attempt || attempt->stage != RECORD_LEFT)
        return false; /* nothing is known of it, or it was confirmed before */
    memset(attempt->text, 0, sizeof(attempt->text));
    strncpy(attempt->text, fault, sizeof(attempt->text) - 1);
    return true;
}

/* The boot partition comes after the record: what is lost of the default, the next `ebb boot sync`
 * does; rollback and recovery then keep what was known to be good before. */
static void follow(const char *config, uint32_t generation, uint32_t before)
{
    struct error error;
    const struct boot_wish wish = {.config = config};
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (boot_confirmed((struct target){root, ""}, &wish, generation, before, &error) < 0)
        log_warning("the boot entries stay as they are: %s", error.text);
}

/* Writes down what the checks said. */
static int note(struct arena *arena, const struct health *health, struct boots *boots,
                struct error *error)
{
    if (!health->fault)
        return mark(arena, boots, error);
    return confirm_refuse(&boots->record, boots->booted.generation, health->fault)
               ? record_write(boots->fd, &boots->record, error)
               : 0;
}

/* What is booted is known only now: the checks took their time, and another program may have
 * written into the record. */
static int confirm(struct arena *arena, const char *file, const struct health *health)
{
    struct boots boots;
    struct error error;
    if (!boots_open(arena, file, &boots))
        return EXIT_NO;
    uint32_t generation = boots.booted.generation, before = boots.record.last_good;
    bool has_entries = boots.config->boot.place.volume != NULL;
    if (!health->fault)
        trial_take_back(&boots, file);
    int code = note(arena, health, &boots, &error);
    boots_close(&boots);
    if (code < 0)
        log_error("%s", error.text);
    if (health->fault)
        log_error("this boot of generation %u is not confirmed; mend what a check found, or "
                  "confirm it with --no-checks",
                  generation);
    if (code < 0 || health->fault)
        return EXIT_NO;
    printf("generation %u is good\n", generation);
    if (has_entries)
        follow(file, generation, before);
    return verb_flush(EXIT_DONE);
}

int verb_confirm(int argc, char **argv)
{
    bool no_checks = false;
    const char *timeout = NULL;
    const struct option_row options[] = {
        HEALTH_TIMEOUT_OPTION(timeout),
        OPTION_FLAG("no-checks", "whatever the health checks say", &no_checks),
    };
    const struct usage usage = {
        .synopsis = "confirm [--timeout TIME] [--no-checks] [CONF]",
        .about = "Says that this boot is good, if the health checks say so, too. Once a boot was, "
                 "one of another generation that is never confirmed counts as failed, and after "
                 "`tries=` of such boots the last good one is booted instead.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    struct health health = {0};
    status = no_checks ? -1 : health_look(arena, timeout, &health);
    return status >= 0 ? status : confirm(arena, words ? argv[1] : NULL, &health);
}
