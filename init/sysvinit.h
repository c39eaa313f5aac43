/* The end of a system under sysvinit. Its scripts are run while it waits, so what it holds itself,
 * such as the root, only another program in its place can give free. */
#ifndef EBB_INIT_SYSVINIT_H
#define EBB_INIT_SYSVINIT_H

#include <stdbool.h>
#include <stddef.h>

/* From one of its scripts: has sysvinit execute us in its own place, and is then killed by that. It
 * returns if PID 1 is not sysvinit, or does not do it. `word` says how the machine is to end. */
void sysvinit_replace(const char *word);
/* True: that is how we became PID 1, with this word. */
bool sysvinit_was_replaced(char *word, size_t size);

#endif
