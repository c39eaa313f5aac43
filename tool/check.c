#include "base/log.h"
#include "image/hooks.h"
#include "kconfig/spine.h"
#include "tool/options.h"
#include "tool/verb.h"

static int check_kernel(const char *wanted)
{
    auto_arena arena = arena_new();
    struct option_gap *gaps;
    size_t count;
    struct error error;
    if (spine_check(arena, wanted, &gaps, &count, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s: %s is \"%s\" and must be \"%s\": %s\n", wanted, gaps[i].option,
                option_value_text(gaps[i].found), option_value_text(gaps[i].wanted),
                gaps[i].reason);
    return count ? EXIT_NO : EXIT_DONE;
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
    bool print = false;
    const char *kernel = NULL;
    const struct option_row options[] = {
        OPTION_FLAG("print", "write the merged configuration, without what was overridden", &print),
        OPTION_TEXT("kernel", "VERSION|FILE", "check this kernel's options too", &kernel),
    };
    const struct usage usage = {
        .synopsis = "check [--print] [--kernel VERSION|FILE] [CONF]",
        .about = "Says everything that is wrong with a configuration. Exit status: 0 it is good, 2 "
                 "it is not, 1 the kernel, or a hook on this machine, lacks something.",
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
    status = check_hooks(config);
    return kernel && check_kernel(kernel) != EXIT_DONE ? EXIT_NO : status;
}
