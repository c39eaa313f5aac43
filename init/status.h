/* /run/ebb/status.json: what this boot did, for `ebb status` and whoever else asks later. */
#ifndef EBB_INIT_STATUS_H
#define EBB_INIT_STATUS_H

#include "plan/apply.h"

/* `start` is clock_microseconds() when PID 1 began; `failure` is what stopped the boot, or NULL. */
int status_write(const char *path, const struct context *context, const struct history *history,
                 unsigned long start, const char *failure, struct error *error);

#endif
