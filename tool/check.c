#include "tool/options.h"
#include "tool/verb.h"

int verb_check(int argc, char **argv)
{
    bool print = false;
    const struct option_row options[] = {
        {"print", NULL, "write the merged configuration, without what was overridden", &print,
         NULL},
    };
    const struct usage usage = {
        "check [--print] [CONF]",
        "Says everything that is wrong with a configuration. Exit status: 0 "
        "it is good, 2 it is not.",
        options, ARRAY_LENGTH(options), 1};
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
