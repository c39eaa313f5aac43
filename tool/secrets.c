#include "tool/secrets.h"

#include <string.h>

#include "plan/suggest.h"
#include "tool/verb.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"apply", "decrypt what is declared anew", verb_secrets_apply},
    {"check", "prove that a boot can decrypt what is declared", verb_secrets_check},
    {"list", "tell what is declared, and what became of it", verb_secrets_list},
    {"recipient", "tell to which recipients files for this machine are encrypted",
     verb_secrets_recipient},
};

static void usage(FILE *stream)
{
    fputs("usage: ebb secrets VERB [OPTION]...\n\n", stream);
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    fputs("\n`ebb secrets VERB --help` tells more; the manual is ebb(8).\n", stream);
}

int verb_secrets(int argc, char **argv)
{
    const char *known[ARRAY_LENGTH(verbs)];
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return verb_flush(EXIT_DONE);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        known[i] = verbs[i].name;
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    }
    const char *near = suggest(argv[1], known, ARRAY_LENGTH(known));
    fprintf(stderr, "ebb: unknown verb \"secrets %s\"%s%s%s\n", argv[1],
            near ? "; did you mean \"" : "; see `ebb secrets --help`", near ? near : "",
            near ? "\"?" : "");
    return EXIT_USAGE;
}
