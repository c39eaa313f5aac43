/* The parts of `ebb secrets check`: the files, each by itself, and the declarations. */
#ifndef EBB_TOOL_SECRETS_CHECK_H
#define EBB_TOOL_SECRETS_CHECK_H

#include "plan/context.h"
#include "secrets/recipient.h"
#include "secrets/worker.h"

struct checking {
    struct arena *arena;
    struct context *context;
    struct report *report;
    struct recipients given; /* the machine's, by the command line; maybe none */
    size_t unproved;         /* files that nobody knows of whether the machine can read them */
};

/* The keys that are declared for a file, as far as they are there. */
struct declared_keys {
    struct recipients recipients;
    struct worker_file *files; /* with private ones that can be read */
    size_t count;
};

void check_keys(struct checking *checking, const struct secrets *secrets,
                struct declared_keys *keys);
void check_keys_close(const struct declared_keys *keys);
/* What is in the file, for whom it is, and, with a private key, what a boot would say of it. */
void check_file(struct checking *checking, const struct secrets *secrets);

#endif
