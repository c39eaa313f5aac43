/* Which keyboards the kernel knows: somebody who types and sees nothing wants to know whether the
 * keyboard or its driver is missing. */
#ifndef EBB_BASE_KEYBOARD_H
#define EBB_BASE_KEYBOARD_H

#include <stddef.h>

/* Finds the keyboards in the text of /proc/bus/input/devices: returns how many there are, and
 * writes their names as "A", "B"; those that have no room in `size` are left out. */
size_t keyboards_parse(const char *text, char *names, size_t size);
/* The same of this machine. None, too, if the kernel does not tell. */
size_t keyboards_find(char *names, size_t size);

#endif
