/* ebb why: what went wrong in the boots before this one. */
#include <fcntl.h>
#include <time.h>

#include "base/log.h"
#include "tool/boots.h"
#include "tool/crash.h"
#include "tool/name.h"
#include "tool/options.h"
#include "tool/verb.h"

/* What became of a boot, in a few words. */
struct account {
    const char *words;
    bool is_fault;
};

static struct account account_of(const struct record *record, const struct record_attempt *attempt,
                                 const char *crash)
{
    switch ((enum record_stage)attempt->stage) {
    case RECORD_STARTED:
        return (struct account){crash ? "it ended within the initramfs"
                                      : "it ended within the initramfs, by a panic, a hang or a "
                                        "power cut",
                                true};
    case RECORD_FAILED:
        return (struct account){attempt->text, true};
    case RECORD_LEFT:
        return (record->last_good && !record_was_used(record, attempt)) || *attempt->text
                   ? (struct account){"its init was executed, and the boot was never confirmed",
                                      true}
                   : (struct account){"its init was executed", false};
    case RECORD_GOOD:
        /* but for what was changed after that */
        return (struct account){"confirmed", *attempt->text};
    case RECORD_WAITS:
    case RECORD_STAGES:
        break;
    }
    return (struct account){"it ended while a person was asked", false};
}

/* The end is told where it is a fault, or everything is asked for. */
static const char *with_end(struct arena *arena, const char *words,
                            const struct record_attempt *attempt, bool all)
{
    const char *end = attempt->end == RECORD_END_BUSY
                          ? ", and its shutdown could not unmount everything"
                      : all && attempt->end == RECORD_END_CLEAN ? ", and it was shut down cleanly"
                                                                : "";
    return arena_printf(arena, "%s%s", words, end);
}

/* What ended it, or kept it from being confirmed, as far as that is known. */
static const char *detail_of(struct arena *arena, const struct record_attempt *attempt,
                             const char *crash)
{
    const char *text = *attempt->text ? attempt->text : NULL;
    if (attempt->stage == RECORD_FAILED)
        return NULL; /* that is all there is to tell */
    if (text && crash)
        return arena_printf(arena, "%s; then: %s", text, crash);
    return text ? text : crash;
}

static void print_attempt(const struct record_attempt *attempt, const char *words,
                          const char *detail, FILE *out)
{
    char when[32] = "?";
    struct tm tm;
    time_t time = (time_t)attempt->time;
    if (localtime_r(&time, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    if (attempt->generation)
        fprintf(out, "%s  generation %u: ", when, attempt->generation);
    else
        fprintf(out, "%s  before a generation was chosen: ", when);
    name_print(words, true, out);
    if (detail)
        fputs(": ", out);
    name_print(detail ? detail : "", true, out);
    fputc('\n', out);
}

int why_tell(const struct record *record, uint32_t generation, const struct crash *crash, bool all,
             FILE *out)
{
    auto_arena arena = arena_new();
    struct record copy = *record;
    const struct record_attempt *current = record_current(&copy, generation);
    const struct record_attempt *crashed =
        record_before(&copy); /* whatever a crash left is about that one */
    bool any = false;
    for (size_t i = record->count; i-- > 0;) {
        const struct record_attempt *attempt = &copy.attempts[i];
        bool is_this = attempt == current;
        const char *crash_of_it =
            attempt == crashed ? crash_words(arena, crash, (int64_t)attempt->time) : NULL;
        struct account account = is_this ? (struct account){"this boot", false}
                                         : account_of(record, attempt, crash_of_it);
        account.is_fault |= crash_of_it || attempt->end == RECORD_END_BUSY;
        if (account.is_fault || all)
            print_attempt(attempt, with_end(arena, account.words, attempt, all),
                          is_this ? NULL : detail_of(arena, attempt, crash_of_it), out);
        any |= account.is_fault;
        if (!all && attempt != current)
            break; /* the last boot alone, or what failed in this one */
    }
    if (!any && !all)
        fputs("nothing went wrong in the last boot\n", out);
    return any ? EXIT_NO : EXIT_DONE;
}

static int tell_log(const struct crash *crash)
{
    struct error error;
    if (crash_print_log(crash, stdout, &error) == 0)
        return EXIT_DONE;
    log_error("%s", error.text);
    return EXIT_NO;
}

int verb_why(int argc, char **argv)
{
    bool all = false, log = false;
    const struct option_row options[] = {
        OPTION_FLAG("all", "all boots that are still known", &all),
        OPTION_FLAG("log", "print the log that a kernel saved when it panicked", &log),
    };
    const struct usage usage = {
        .synopsis = "why [--all | --log] [CONF]",
        .about = "Tells why the boot before this one failed, or what failed in this one before "
                 "another generation was booted. Exit status: 0 nothing did, 1 something.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct crash crash;
    struct boots boots;
    crash_read(arena, (struct target){root, ""}, &crash);
    if (log)
        return verb_flush(tell_log(&crash));
    if (!boots_open(arena, words ? argv[1] : NULL, &boots))
        return EXIT_NO;
    status = why_tell(&boots.record, boots.booted.generation, &crash, all, stdout);
    boots_close(&boots);
    return verb_flush(status);
}
