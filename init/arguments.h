/* The kernel command line: the usual parameters of an initramfs, and Ebb's own, which begin with
 * "ebb.". */
#ifndef EBB_INIT_ARGUMENTS_H
#define EBB_INIT_ARGUMENTS_H

#include <stdbool.h>

#include "base/memory.h"
#include "plan/config.h"

struct arguments {
    const char *init;       /* init=: NULL lets the generation say */
    const char *generation; /* ebb.generation=: NULL for the declared default */
    unsigned continues; /* ebb.continues=: what the PID 1 of another kernel has chosen; 0: none */
    int rescue;         /* ebb.rescue=: enum rescue_action, or -1 for the declared one */
    bool read_only;     /* ro, unless rw follows it */
    bool wait_for_ever; /* rootwait */
    bool analyze;       /* ebb.analyze: systemd is told when PID 1 began */
    bool debug;         /* ebb.debug: details go to the log */
    unsigned menu;      /* ebb.menu: milliseconds to choose a generation; 0: as declared */
};

/* Splits `line` as the kernel does, double quotes included. Unknown ebb.* words are reported to the
 * log with the nearest known one; all other unknown words belong to somebody else. */
void arguments_parse(struct arena *arena, const char *line, struct arguments *arguments);

#endif
