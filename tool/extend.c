/* ebb extend: a trial gets more time. */
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "generations/guard.h"
#include "tool/options.h"
#include "tool/trial.h"
#include "tool/verb.h"

int verb_extend(int argc, char **argv)
{
    const struct usage usage = {
        .synopsis = "extend [TIME]",
        .about = "Gives what is on trial so much time from now on (15min), whatever it had left.",
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    unsigned seconds = words ? trial_seconds(argv[1]) : TRIAL_DEFAULT;
    if (!seconds)
        return EXIT_USAGE;
    struct error error;
    if (guard_extend(seconds, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    printf("the trial ends in %s, unless `ebb confirm` is run\n",
           text_duration(seconds * 1000UL).text);
    return verb_flush(EXIT_DONE);
}
