/* The guard of a trial: a small process that PID 1 (or `ebb arm`) leaves behind, and that takes the
 * machine back when the deadline comes and nobody has confirmed.
 *
 * It depends on nothing of the system it watches: it is a static program in memory of its own,
 * locked there, with all signals blocked and out of reach of the OOM killer; its name begins with
 * "@", by which systemd knows what must outlive its own shutdown. Where there is a watchdog, it is
 * the guard who keeps it from biting; so if the guard dies, or the kernel hangs, it bites.
 *
 * At the deadline it first asks init for a reboot, so that services can store what they have, and
 * does not wait long for that. */
#ifndef EBB_GENERATIONS_GUARD_H
#define EBB_GENERATIONS_GUARD_H

#include <stdbool.h>

#include "base/error.h"

#define GUARD_STATE "/run/ebb/trial.json"

/* For init to end the system by itself: as long as systemd gives each unit. */
enum { GUARD_GRACE = 90 };

struct guard_order {
    unsigned generation;
    unsigned seconds;
    unsigned grace;     /* more of them until the kernel reboots, without init */
    bool live;          /* no boot is tried, but a change of the running system */
    const char *volume; /* the folder in which the running system sees that of the record */
    const char *record; /* its path in there */
};

/* Starts one from `program`, a descriptor of the static ebb-init. It guards when this returns 0. */
int guard_start(int program, const struct guard_order *order, struct error *error);
/* From now on a kernel that panics reboots, so that a trial does not stay there. */
void guard_panics(void);
/* If this program was started as a guard, it guards, and never returns; else it does nothing. */
void guard_serve(int count, char **arguments);

/* Ends the guard that runs: the machine stays as it is. -ENOENT: none runs. */
int guard_release(struct error *error);
/* The deadline comes so many seconds from now. */
int guard_extend(unsigned seconds, struct error *error);

#endif
