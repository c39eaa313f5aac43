/* What still runs when everything is about to change below it: at the switch to the real system,
 * and at the end of that. */
#ifndef EBB_INIT_PROCESSES_H
#define EBB_INIT_PROCESSES_H

#include <stddef.h>

/* The command line of a process, by its folder in /proc, with what a terminal might obey left out.
 */
void process_command(int process, char *command, size_t size);
/* Kills every process but PID 1, the caller and those that it descends from, the kernel's own, and
 * those of root that a "@" marks as storage daemons; waits a moment until they are gone. `why` says
 * in the log whose they were. */
void processes_end(const char *why);

#endif
