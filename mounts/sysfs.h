/* Attributes that the kernel shows in /sys. */
#ifndef EBB_MOUNTS_SYSFS_H
#define EBB_MOUNTS_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of the file with that path, without blanks at its end. False: there is none, or
 * it is empty. */
bool sysfs_line(char *line, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The bytes of the file with that path; 0: there are none. */
size_t sysfs_bytes(void *bytes, size_t size, const char *path);

#endif
