/* Health checks: programs of the administrator that say whether a boot is good. They lie in
 * /etc/ebb/health.d: of those in required/, one that fails keeps the boot from being confirmed;
 * those in wanted/ are only told of. */
#ifndef EBB_TOOL_HEALTH_H
#define EBB_TOOL_HEALTH_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"

enum { HEALTH_TIMEOUT = 30000 }; /* milliseconds, unless something else is said */
#define HEALTH_TIMEOUT_OPTION(text_)                                                               \
    OPTION_TEXT("timeout", "TIME", "of a check whose name says none (30s)", &(text_))

struct health_wish {
    unsigned generation; /* for the programs */
    unsigned timeout;    /* milliseconds, of a check whose name says none */
};

struct health_check {
    const char *name;
    bool required;
    unsigned timeout;
    const char *fault; /* a sentence; NULL: it passed */
};

struct health {
    struct health_check *checks; /* in the order in which they were run */
    size_t count;
    const char *fault; /* that of the first required one that did not pass; NULL: all did */
};

/* Runs them all; what they print is logged with their names. All of `health` is the arena's. Fails
 * if it cannot be known which there are, or they cannot be trusted. */
int health_run(struct arena *arena, struct target root, const struct health_wish *wish,
               struct health *health, struct error *error);
/* The same on the running system; `timeout` is the word of the option, or NULL. What did not pass
 * is told. -1 to go on, or the exit status: nothing could be run. */
int health_look(struct arena *arena, const char *timeout, struct health *health);
/* ebb health */
void health_print(struct arena *arena, const struct health *health, bool json, FILE *out);

#endif
