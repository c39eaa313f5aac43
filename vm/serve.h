/* The guest's end of the line: answers what the host asks for. Commands run one at a time, in the
 * root of PID 1 whatever that is by now; a host that speaks while one runs has given it up. */
#ifndef EBB_VM_SERVE_H
#define EBB_VM_SERVE_H

#include <sys/types.h>

#include "vm/frame.h"

struct guest {
    int port;
    int proc;          /* /proc, opened before the switch; -1: commands run in our own root */
    const char *ready; /* in which way the system is up, NULL while it is not */
    struct frame_reader reader;
};

enum wish { WISH_NONE, WISH_POWEROFF, WISH_REBOOT };

/* Answers what comes within `timeout` milliseconds (-1: for ever). Comes back after each read, and
 * with a wish as soon as the host has one. Returns 0, or -errno if the port is gone. */
int serve(struct guest *guest, int timeout, enum wish *wish);
/* Says that a guest has begun, so that a host that spoke with the one before greets this one. */
int serve_begin(const struct guest *guest);
/* The system is up, and the host is told: now, and whenever it greets us again. */
int serve_ready(struct guest *guest, const char *how);
/* Starts `sh -c command` in the root of PID 1, its output going to `out` and `err`. Returns its
 * pid or -errno. */
pid_t serve_start(const struct guest *guest, const char *command, int out, int err);

#endif
