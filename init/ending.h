/* What the switch and the shutdown have agreed on. */
#ifndef EBB_INIT_ENDING_H
#define EBB_INIT_ENDING_H

#define SHUTDOWN_ROOT "/run/initramfs" /* the program's root, later */
#define SHUTDOWN_OLD "/oldroot"        /* there: the system that ends */
#define SHUTDOWN_RECORD "/record"      /* there: the record of boots, mounted */
#define SHUTDOWN_WORD "word" /* there: how the machine ends, for a PID 1 that is not told */

#endif
