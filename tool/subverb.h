/* A verb that has verbs of its own, such as `ebb secrets check`. */
#ifndef EBB_TOOL_SUBVERB_H
#define EBB_TOOL_SUBVERB_H

#include <stddef.h>

struct subverb {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

int subverb_run(const struct subverb *verbs, size_t count, int argc, char **argv);

#endif
