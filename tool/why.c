/* ebb why: what went wrong in the boots before this one. */
#include <time.h>

#include "tool/boots.h"
#include "tool/options.h"
#include "tool/verb.h"

/* The reason, or NULL if nothing is wrong with the attempt. */
static const char *reason_of(const struct record *record, const struct record_attempt *attempt)
{
    switch ((enum record_stage)attempt->stage) {
    case RECORD_STARTED:
        return "it ended within the initramfs, by a panic, a hang or a power cut";
    case RECORD_FAILED:
        return attempt->text;
    case RECORD_LEFT:
        if (*attempt->text)
            return attempt->text;
        return record->last_good ? "its init was executed, and the boot was never confirmed" : NULL;
    case RECORD_GOOD: /* but for what was changed after that */
        return *attempt->text ? attempt->text : NULL;
    case RECORD_WAITS:
    case RECORD_STAGES:
        break;
    }
    return NULL;
}

static void print_attempt(const struct record_attempt *attempt, const char *reason, FILE *out)
{
    char when[32] = "?";
    struct tm tm;
    time_t time = (time_t)attempt->time;
    if (localtime_r(&time, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    fprintf(out, "%s  generation %u: %s\n", when, attempt->generation, reason);
}

int why_tell(const struct record *record, uint32_t generation, bool all, FILE *out)
{
    struct record copy = *record;
    const struct record_attempt *current = record_current(&copy, generation);
    bool any = false;
    for (size_t i = record->count; i-- > 0;) {
        const struct record_attempt *attempt = &copy.attempts[i];
        const char *reason = attempt == current ? NULL : reason_of(record, attempt);
        bool is_fine = !reason;
        if (!reason && all)
            reason = attempt == current               ? "this boot"
                     : attempt->stage == RECORD_GOOD  ? "confirmed"
                     : attempt->stage == RECORD_WAITS ? "it ended while a person was asked"
                                                      : "its init was executed";
        if (reason)
            print_attempt(attempt, reason, out);
        any |= !is_fine;
        if (!all && attempt != current)
            break; /* the last boot alone, or what failed in this one */
    }
    if (!any && !all)
        fputs("nothing went wrong in the last boot\n", out);
    return any ? EXIT_NO : EXIT_DONE;
}

int verb_why(int argc, char **argv)
{
    bool all = false;
    const struct option_row options[] = {
        OPTION_FLAG("all", "all boots that are still known", &all),
    };
    const struct usage usage = {
        .synopsis = "why [--all] [CONF]",
        .about = "Tells why the boot before this one failed, or what failed in this one before "
                 "another generation was booted. Exit status: 0 nothing did, 1 something.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    struct boots boots;
    if (!boots_open(arena, words ? argv[1] : NULL, &boots))
        return EXIT_NO;
    status = why_tell(&boots.record, boots.booted.generation, all, stdout);
    boots_close(&boots);
    return verb_flush(status);
}
