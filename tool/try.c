/* ebb try: a generation gets one boot, and has to be confirmed in it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "generations/kernels.h"
#include "generations/store.h"
#include "tool/options.h"
#include "tool/trial.h"
#include "tool/verb.h"

struct wish {
    const char *generation;
    unsigned seconds;
};

/* What would make it fail at once is told now. */
static int check_tree(const struct boots *boots, const struct generation *generation,
                      struct error *error)
{
    const char *init = generation->init ? generation->init : "/sbin/init";
    if (!generation->tree || generation->image)
        return 0; /* only a boot can look into it */
    auto_fd tree = path_open(boots->volume, generation->tree, O_PATH | O_DIRECTORY);
    if (tree < 0)
        return error_system(error, -tree, "cannot open the tree of generation %u",
                            generation->number);
    auto_fd program = path_open_in_root(tree, init, O_PATH);
    if (program < 0)
        return error_set(error, ENOENT, "generation %u has no init \"%s\"", generation->number,
                         init);
    if (!kernels_fit(tree))
        return error_set(error, ENOENT,
                         "generation %u has no modules for the kernel that runs, and would be "
                         "booted by it; boot it by an entry of its own (`ebb boot install`)",
                         generation->number);
    return 0;
}

static int prepare(struct arena *arena, struct boots *boots, const struct wish *wish,
                   struct error *error)
{
    const struct generation *generation;
    struct record_trial trial = {.state = TRIAL_WANTED, .seconds = wish->seconds};
    int code = generation_choose(arena, boots->volume, &boots->config->generations, &boots->record,
                                 wish->generation, &generation, error);
    if (code == 0)
        code = check_tree(boots, generation, error);
    if (code == 0)
        code = trial_way_back(arena, boots, generation->number, &trial.back, error);
    if (code < 0)
        return code;
    trial.generation = generation->number;
    trial_warn(boots);
    record_mark_bad(&boots->record, trial.generation, false); /* it gets another chance */
    code = trial_write(boots, &trial, error);
    if (code == 0)
        printf("generation %u is tried at the next boot, and has %s from then on to be confirmed; "
               "else generation %u is booted again\n",
               trial.generation, text_duration(wish->seconds * 1000UL).text, trial.back);
    return code;
}

/* Whatever init it is; returns only if there is none of these. */
static int reboot_now(struct error *error)
{
    fflush(stdout);
    execlp("systemctl", "systemctl", "reboot", (char *)NULL);
    execlp("reboot", "reboot", (char *)NULL);
    return error_system(error, errno, "cannot execute \"reboot\"; reboot by hand");
}

int verb_try(int argc, char **argv)
{
    const char *time = "15min";
    bool stay = false;
    const struct option_row options[] = {
        OPTION_TEXT("for", "TIME", "in which it has to be confirmed, from its init on (15min)",
                    &time),
        OPTION_FLAG("no-reboot", "leave the reboot to somebody else", &stay),
    };
    const struct usage usage = {
        .synopsis = "try [--for TIME] [--no-reboot] N [CONF]",
        .about = "Reboots into generation N, which has to be confirmed (`ebb confirm`) in time. If "
                 "nobody does, or it panics, hangs, or loses its power, the good generation is "
                 "booted again. A confirmed one is booted from then on.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 2};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (!words) {
        fputs("ebb: which generation? `ebb list` shows them\n", stderr);
        return EXIT_USAGE;
    }
    struct wish wish = {.generation = argv[1], .seconds = trial_seconds(time)};
    if (!wish.seconds)
        return EXIT_USAGE;
    auto_arena arena = arena_new();
    struct boots boots;
    struct error error;
    if (!boots_open(arena, words > 1 ? argv[2] : NULL, &boots))
        return EXIT_NO;
    int code = prepare(arena, &boots, &wish, &error);
    boots_close(&boots);
    if (code == 0 && !stay)
        code = reboot_now(&error);
    if (code < 0)
        log_error("%s", error.text);
    return verb_flush(code < 0 ? EXIT_NO : EXIT_DONE);
}
