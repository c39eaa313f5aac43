#include "tool/options.h"
#include "tool/verb.h"

int verb_check(int argc, char **argv)
{
    bool print = false;
    const struct option_row options[] = {
        OPTION_FLAG("print", "write the merged configuration, without what was overridden", &print),
    };
    const struct usage usage = {
        .synopsis = "check [--print] [CONF]",
        .about = "Says everything that is wrong with a configuration. Exit status: 0 "
                 "it is good, 2 it is not.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = options_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    if (print)
        config_print(config, stdout);
    return EXIT_DONE;
}
