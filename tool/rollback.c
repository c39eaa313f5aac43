/* ebb rollback: another generation is booted from the next boot on. */
#include <stdlib.h>

#include "base/log.h"
#include "generations/store.h"
#include "tool/boots.h"
#include "tool/options.h"
#include "tool/verb.h"

/* What was asked for; else that which was good last, or the one before the booted one. */
static int find(struct arena *arena, const struct boots *boots, const char *wanted,
                const struct generation **found, struct error *error)
{
    const struct generations *declared = &boots->config->generations;
    unsigned booted = boots->booted.generation, good = boots->record.last_good;
    if (!wanted && good && good != booted)
        wanted = arena_printf(arena, "%u", good);
    if (wanted)
        return generation_choose(arena, boots->volume, declared, &boots->record, wanted, found,
                                 error);
    return generation_before(arena, boots->volume, declared, booted, found, error);
}

static int roll_back(struct arena *arena, struct boots *boots, const char *wanted, bool clear,
                     struct error *error)
{
    const struct generation *found = NULL;
    int code = clear ? 0 : find(arena, boots, wanted, &found, error);
    if (code < 0)
        return code;
    boots->record.chosen = found ? found->number : 0;
    record_mark_bad(&boots->record, boots->record.chosen, false); /* who asks for it, gets it */
    code = record_write(boots->fd, &boots->record, error);
    if (code < 0)
        return code;
    if (found) {
        printf("generation %u is booted from the next boot on%s%s\n", found->number,
               found->label ? ": " : "", found->label ? found->label : "");
        return 0;
    }
    generation_print(generation_wanted(arena, boots->config->generations.default_choice), stdout);
    puts(" is booted from the next boot on, as declared");
    return 0;
}

int verb_rollback(int argc, char **argv)
{
    bool clear = false;
    const struct option_row options[] = {
        OPTION_FLAG("clear", "back to what the configuration declares", &clear),
    };
    const struct usage usage = {
        .synopsis = "rollback [--clear] [N]",
        .about = "Has another generation booted from the next boot on: N, or that which was good "
                 "last, or the one before the booted one. Nothing but the record of boots is "
                 "written.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    struct boots boots;
    struct error error;
    if (!boots_open(arena, NULL, &boots))
        return EXIT_NO;
    int code = roll_back(arena, &boots, words ? argv[1] : NULL, clear, &error);
    boots_close(&boots);
    if (code < 0)
        log_error("%s", error.text);
    return verb_flush(code < 0 ? EXIT_NO : EXIT_DONE);
}
