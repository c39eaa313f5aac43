#include "tool/subverb.h"

#include <string.h>

#include "base/memory.h"
#include "plan/suggest.h"
#include "tool/verb.h"

static void usage(const char *verb, const struct subverb *verbs, size_t count, FILE *stream)
{
    fprintf(stream, "usage: ebb %s VERB [OPTION]...\n\n", verb);
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    fprintf(stream, "\n`ebb %s VERB --help` tells more; the manual is ebb(8).\n", verb);
}

int subverb_run(const struct subverb *verbs, size_t count, int argc, char **argv)
{
    auto_arena arena = arena_new();
    const char **known = arena_alloc(arena, (count + 1) * sizeof(*known));
    if (argc < 2) {
        usage(argv[0], verbs, count, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(argv[0], verbs, count, stdout);
        return verb_flush(EXIT_DONE);
    }
    for (size_t i = 0; i < count; i++) {
        known[i] = verbs[i].name;
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    }
    const char *near = suggest(argv[1], known, count);
    fprintf(stderr, "ebb: unknown verb \"%s %s\"%s%s", argv[0], argv[1],
            near ? "; did you mean \"" : "; see `ebb ", near ? near : argv[0]);
    fputs(near ? "\"?\n" : " --help`\n", stderr);
    return EXIT_USAGE;
}
