/* Who uses what is mounted on a folder. Only links of /proc are read, which no disk can delay. */
#ifndef EBB_INIT_HOLDERS_H
#define EBB_INIT_HOLDERS_H

#include <stddef.h>

/* Writes `by "sleep 100" (123), by the device loop0`, as far as there is room; returns how many
 * there are. */
size_t holders_find(const char *point, char *names, size_t size);

#endif
