/* A program that runs to its end, with a time limit and its words in the log: hooks, and the tools
 * that check file systems and assemble arrays. One that is late is ended with its whole process
 * group, and it ends when whoever runs it does. */
#ifndef EBB_BASE_CHILD_H
#define EBB_BASE_CHILD_H

#include "base/error.h"

struct child {
    const char *name;               /* in the log */
    const char *const *arguments;   /* NULL-terminated; the first is the path of the program */
    const char *const *environment; /* NULL-terminated */
    unsigned timeout;               /* milliseconds; 0: none */
    int root;                       /* a folder that is its root; 0: ours */
};

enum child_end {
    CHILD_EXITED,    /* with the status `number` */
    CHILD_SIGNALLED, /* by the signal `number` */
    CHILD_LATE,      /* it was ended, because it took too long */
    CHILD_STUCK,     /* the same, but it sleeps where no signal reaches it */
};

struct child_result {
    enum child_end end;
    int number;
    char last[128]; /* the last line that it printed, and that has something in it */
};

/* In a child that goes on as this program: PID 1 handles faults by rescue or reboot, and blocks
 * signals; neither is meant for it. */
void child_forget_signals(void);
/* Does `work` in a child, for what may sleep where no signal reaches it, as on a disk that does not
 * answer. Returns what it does, 0 or -errno; -ETIMEDOUT: after so many milliseconds it was left
 * alone. */
int child_call(int (*work)(const void *subject), const void *subject, unsigned limit);

/* Fails only if nothing could be started. A program that cannot be executed exits with 127. */
int child_run(const struct child *child, struct child_result *result, struct error *error);

#endif
