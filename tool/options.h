/* The options of a verb: long ones only, `--name` or `--name VALUE` or `--name=VALUE`, and words.
 * Where the value may be left out, only the last form has it.
 *
 * A verb declares a table; --help prints it, and wrong use is told with the nearest option. */
#ifndef EBB_TOOL_OPTIONS_H
#define EBB_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_row {
    const char *name;   /* without the dashes */
    const char *value;  /* what the value is called in the help, NULL for a flag */
    const char *absent; /* the value where none is given; NULL: one must be */
    const char *help;
    bool *flag;        /* set by a flag, and where the value may be left out */
    const char **text; /* set by an option with a value */
    /* Called for an option that may stand several times, in the order of the command line. */
    void (*each)(void *context, const char *value);
};

#define OPTION_FLAG(name_, help_, flag_)                                                           \
    {                                                                                              \
        .name = (name_), .help = (help_), .flag = (flag_)                                          \
    }
#define OPTION_TEXT(name_, value_, help_, text_)                                                   \
    {                                                                                              \
        .name = (name_), .value = (value_), .help = (help_), .text = (text_)                       \
    }
#define OPTION_EACH(name_, value_, help_, each_)                                                   \
    {                                                                                              \
        .name = (name_), .value = (value_), .help = (help_), .each = (each_)                       \
    }

/* `--name` sets the flag, and so does `--name=VALUE`. */
#define OPTION_MAYBE(name_, value_, help_, flag_, text_)                                           \
    {                                                                                              \
        .name = (name_), .value = (value_), .help = (help_), .flag = (flag_), .text = (text_)      \
    }

struct usage {
    const char *synopsis; /* behind "usage: ebb " */
    const char *about;    /* a sentence or two */
    const struct option_row *options;
    size_t option_count;
    size_t most_words; /* how many words may follow */
    void *context;     /* for `each` */
};

/* Puts the words that are no options first in `argv` and their number in *words (argv[0] stays the
 * verb). Returns -1 to go on, or the exit status to end with: --help was asked, or wrong use told.
 */
int usage_read(const struct usage *usage, int argc, char **argv, int *words);
/* 512M and the like; 0, or -1 if it is no size. */
int options_size(const char *text, uint64_t *bytes);

#endif
