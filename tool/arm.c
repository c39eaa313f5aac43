/* ebb arm: a change of the running system goes back by itself, unless it is confirmed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "generations/guard.h"
#include "tool/declared.h"
#include "tool/options.h"
#include "tool/trial.h"
#include "tool/verb.h"
#include "vm/program.h"

/* The folder in which this system sees the volume of the record. */
static const char *place_of(const struct boots *boots)
{
    const char *name = boots->config->generations.record.volume_name;
    for (size_t i = 0; i < boots->booted.volume_count; i++)
        if (strcmp(boots->booted.volumes[i].name, name) == 0)
            return boots->booted.volumes[i].place;
    return NULL;
}

static int arm(struct arena *arena, struct boots *boots, const char *config, unsigned seconds,
               bool no_snapshot, struct error *error)
{
    char path[PATH_MAX];
    struct trial_left left;
    struct record_trial trial = {.state = TRIAL_LIVE, .seconds = seconds};
    struct guard_order order = {.generation = boots->booted.generation,
                                .seconds = seconds,
                                .grace = GUARD_GRACE,
                                .live = true,
                                .volume = place_of(boots),
                                .record = boots->config->generations.record.path};
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (trial_read((struct target){root, ""}, &left))
        return error_set(error, EBUSY,
                         "something is on trial here already; `ebb confirm` ends that, and `ebb "
                         "extend` gives it more time");
    int code = trial_way_back(arena, boots, config, 0, &trial.back, error);
    if (code == 0)
        code = program_find("ebb-init", path, sizeof(path), error);
    if (code < 0)
        return code;
    auto_fd program = open(path, O_RDONLY | O_CLOEXEC);
    if (program < 0)
        return error_system(error, errno, "cannot open \"%s\"", path);
    trial_warn(boots);
    if (!no_snapshot)
        trial_keep_state(boots);
    code = trial_write(boots, &trial, error);
    if (code == 0)
        code = guard_start(program, &order, error);
    if (code < 0)
        return code;
    printf("this machine reboots into generation %u in %s, unless `ebb confirm` is run\n",
           trial.back, text_duration(seconds * 1000UL).text);
    return 0;
}

int verb_arm(int argc, char **argv)
{
    const char *time = "15min";
    bool no_snapshot = false;
    const struct option_row options[] = {
        OPTION_TEXT("for", "TIME", "in which the change has to be confirmed (15min)", &time),
        OPTION_FLAG("no-snapshot", "keep no state of what persists", &no_snapshot),
    };
    const struct usage usage = {
        .synopsis = "arm [--for TIME] [--no-snapshot] [CONF]",
        .about = "Run before a change of the running system that may lock you out: if nobody says "
                 "`ebb confirm` in time, the machine reboots into the good generation.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    unsigned seconds = trial_seconds(time);
    if (!seconds)
        return EXIT_USAGE;
    auto_arena arena = arena_new();
    struct boots boots;
    struct error error;
    const char *config = words ? argv[1] : NULL;
    if (!boots_open(arena, config, &boots))
        return EXIT_NO;
    int code = arm(arena, &boots, config, seconds, no_snapshot, &error);
    boots_close(&boots);
    if (code < 0)
        log_error("%s", error.text);
    return verb_flush(code < 0 ? EXIT_NO : EXIT_DONE);
}
