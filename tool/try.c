/* ebb try: a generation gets one boot, and has to be confirmed in it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "generations/loader.h"
#include "generations/nix_kernel.h"
#include "generations/store.h"
#include "tool/boot.h"
#include "tool/nix_once.h"
#include "tool/options.h"
#include "tool/trial.h"
#include "tool/verb.h"

struct wish {
    const char *generation, *config;
    unsigned seconds;
    bool has_kernel;   /* the kernel that runs has its modules there */
    const char *entry; /* of NixOS, for a system of a Nix profile */
    bool no_snapshot;
};

/* A trial without its kernel would be over before it began. */
static int arrange_kernel(struct boots *boots, const struct wish *wish, struct record_trial *trial,
                          struct error *error)
{
    const struct boot_wish boot = {.config = wish->config, .efivars = LOADER_FOLDER};
    bool by_loader = false;
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct target target = {root, ""};
    int code;
    if (wish->entry) {
        code = nix_once(target, &boots->config->boot, wish->entry, &by_loader, error);
    } else if (boots->config->boot.place.volume) {
        code = boot_once(target, &boot, trial->generation, &by_loader, error);
    } else {
        code = error_set(error, ENOENT,
                         "the kernel that runs would boot it; declare a boot partition (`boot` in "
                         "ebb.conf), and run `ebb boot install`");
    }
    if (code == 0 && by_loader) {
        trial->by_loader = 1;
        code = trial_write(boots, trial, error);
    }
    if (code == 0) {
        printf(by_loader ? "the boot loader boots its kernel once\n"
                         : "its kernel is started by that of the default entry\n");
        return 0;
    }
    struct error ignored;
    trial->state = TRIAL_NONE;
    (void)trial_write(boots, trial, &ignored); /* then it fails at the next boot */
    return error_prefix(error, "generation %u has no modules for the kernel that runs",
                        trial->generation);
}

static int prepare(struct arena *arena, struct boots *boots, struct wish *wish, struct error *error)
{
    const struct generation *generation;
    struct record_trial trial = {.state = TRIAL_WANTED, .seconds = wish->seconds};
    int code = generation_choose(arena, boots->volume, &boots->config->generations, &boots->record,
                                 wish->generation, &generation, error);
    if (code == 0)
        code = trial_check_tree(arena, boots, generation, &wish->has_kernel, error);
    if (code == 0 && boots->config->generations.kind == STORE_NIX)
        wish->entry = nix_kernel_entry(arena, generation);
    if (code == 0)
        code = trial_way_back(arena, boots, wish->config, generation->number, &trial.back, error);
    if (code < 0)
        return code;
    trial.generation = generation->number;
    trial_warn(boots);
    if (!wish->no_snapshot)
        trial_keep_state(boots);
    record_forgive(&boots->record, trial.generation);
    trial_take_back(boots, wish->config);
    code = trial_write(boots, &trial, error);
    if (code == 0 && !wish->has_kernel)
        code = arrange_kernel(boots, wish, &trial, error);
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
    struct wish wish = {0};
    const struct option_row options[] = {
        OPTION_TEXT("for", "TIME", "in which it has to be confirmed, from its init on (15min)",
                    &time),
        OPTION_FLAG("no-snapshot", "keep no state of what persists", &wish.no_snapshot),
        OPTION_FLAG("no-reboot", "leave the reboot to somebody else", &stay),
    };
    const struct usage usage = {
        .synopsis = "try [--for TIME] [--no-snapshot] [--no-reboot] N [CONF]",
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
    wish.config = words > 1 ? argv[2] : NULL;
    wish.generation = argv[1];
    wish.seconds = trial_seconds(time);
    if (!wish.seconds)
        return EXIT_USAGE;
    auto_arena arena = arena_new();
    struct boots boots;
    struct error error;
    if (!boots_open(arena, wish.config, &boots))
        return EXIT_NO;
    int code = prepare(arena, &boots, &wish, &error);
    boots_close(&boots);
    if (code == 0 && !stay)
        code = reboot_now(&error);
    if (code < 0)
        log_error("%s", error.text);
    return verb_flush(code < 0 ? EXIT_NO : EXIT_DONE);
}
