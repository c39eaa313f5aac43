/* The other end of a system that Ebb booted. The switch leaves a copy of this program in memory, as
 * /run/initramfs/shutdown, where systemd-shutdown looks for one to end with, and any other init may
 * call it: only what does not lie on a volume can unmount it. */
#ifndef EBB_INIT_SHUTDOWN_H
#define EBB_INIT_SHUTDOWN_H

#include "plan/context.h"

/* Before the switch: leaves the program, and beside it the record of boots, mounted so that nobody
 * unmounts its volume before the end of this boot is written to it. */
void shutdown_leave(const struct context *context);

/* If this program was started as "shutdown", or has taken the place of an init (init/sysvinit.h),
 * it ends the system and the machine, and never returns; else it does nothing. */
void shutdown_serve(int count, char **arguments);

/* What the last line on the consoles says of `code`, which is that of the work; -ETIMEDOUT: it came
 * to no end. */
const char *shutdown_result(int code, bool is_init);

#endif
