#include "base/log.h"
#include "image/hooks.h"
#include "kconfig/fragments.h"
#include "tool/options.h"
#include "tool/verb.h"

static int check_kernel(const struct config *config, const char *wanted)
{
    auto_arena arena = arena_new();
    struct option_gap *gaps;
    size_t count;
    struct error error;
    if (fragments_check(arena, config, wanted, &gaps, &count, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    int status = EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "%s: %s%s is \"%s\" and %s be \"%s\": %s\n", wanted,
                gaps[i].advised ? "warning: " : "", gaps[i].option,
                option_value_text(gaps[i].found), gaps[i].advised ? "should" : "must",
                option_value_text(gaps[i].wanted), gaps[i].reason);
        if (!gaps[i].advised)
            status = EXIT_NO;
    }
    return status;
}

/* One fragment made of several, as the kernel's merge_config.sh reads it. */
static void print_options(const struct config *config)
{
    auto_arena arena = arena_new();
    size_t count;
    const struct options *wanted = fragments_wanted(arena, config, &count);
    for (size_t i = 0; i < count; i++)
        printf("%s%.*s", i ? "\n" : "", (int)wanted[i].length, wanted[i].text);
}

/* What the image would take from this machine. */
static int check_hooks(const struct config *config)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    hooks_prove(config, &report);
    report_print(&report, stderr);
    return report.errors ? EXIT_NO : EXIT_DONE;
}

int verb_check(int argc, char **argv)
{
    bool print = false, wants = false;
    const char *kernel = NULL;
    const struct option_row options[] = {
        OPTION_FLAG("print", "write the merged configuration, without what was overridden", &print),
        {.name = "kernel",
         .value = "[KERNEL]",
         .absent = "running",
         .help = "check the options of this version, file or the running kernel, too",
         .text = &kernel},
        OPTION_FLAG("options", "write the kernel options that the configuration needs", &wants),
    };
    const struct usage usage = {
        .synopsis = "check [--print] [--options] [--kernel [KERNEL]] [CONF]",
        .about = "Says everything that is wrong with a configuration. Exit status: 0 it is good, 2 "
                 "it is not, 1 the kernel, or a hook on this machine, lacks something that it must "
                 "have.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    if (print)
        config_print(config, stdout);
    if (wants)
        print_options(config);
    status = check_hooks(config);
    if (kernel && check_kernel(config, kernel) != EXIT_DONE)
        status = EXIT_NO;
    return verb_flush(status);
}
