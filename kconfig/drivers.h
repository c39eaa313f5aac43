/* Drivers at boot: a child of PID 1 plays udev's part, and loads what each device asks for, the
 * ones already there and the ones that appear, until PID 1 ends it before the switch. */
#ifndef EBB_KCONFIG_DRIVERS_H
#define EBB_KCONFIG_DRIVERS_H

#include <sys/types.h>

#include "base/error.h"

/* Starts the child, which never ends by itself, and returns at once. Needs /sys. */
int drivers_start(pid_t *child, struct error *error);
/* Ends and reaps it; one that is stuck inside a driver is left to die, for the real init to reap.
 * 0: it was not started. */
void drivers_stop(pid_t child);

#endif
