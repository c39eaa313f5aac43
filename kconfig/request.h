/* What the kernel asks for by itself: the cipher of a container, the target of a mapping, the file
 * system of a key. It runs a program for that, usually modprobe; before the switch, that is us. */
#ifndef EBB_KCONFIG_REQUEST_H
#define EBB_KCONFIG_REQUEST_H

/* From now on the kernel runs /init; until the path it had before is given back. */
void request_enable(void);
void request_release(void);

/* If the kernel has started this program to load a module, does so; the exit status, -1 if it was
 * started by somebody else. */
int request_serve(int count, char **arguments);

#endif
