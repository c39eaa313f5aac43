/* What systemd is told of the boot before it, as an initramfs made with it would tell. Another init
 * does not look at these files of /run. */
#ifndef EBB_INIT_SYSTEMD_H
#define EBB_INIT_SYSTEMD_H

#include "plan/context.h"

/* Just before the switch, when all mounts are there: that they are ours (utab), which device a root
 * in memory was made from (volatile-root), and that a soft reboot is none. What cannot be told is
 * logged, and does not stop the boot. */
void systemd_tell(const struct context *context);

/* What systemd-stub has put into `extra`, the folder /.extra of the initramfs, goes to where
 * systemd looks for it later: credentials, and signatures for the TPM. There may be none. */
void systemd_keep_extra(const char *extra);

/* For `systemd-analyze`: the arguments of the init, and behind them those by which systemd learns
 * when PID 1 began, `start` in microseconds of the monotonic clock. Any other init gets its own. */
char **systemd_arguments(const struct context *context, char **arguments, unsigned long start);

#endif
