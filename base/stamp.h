/* A moment within the name of a file: 20260131T235959, in UTC, and a number behind it where several
 * things are of one second. */
#ifndef EBB_BASE_STAMP_H
#define EBB_BASE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

enum { STAMP_SIZE = 40 }; /* is longer than any */

/* `number` is that of the thing among those of this second; the first is 1. */
void stamp_write(char text[static STAMP_SIZE], int64_t time, unsigned number);
/* False for what stamp_write would not have written. */
bool stamp_read(const char *text, int64_t *time, unsigned *number);
/* Whether the first moment is the later one. */
bool stamp_is_newer(int64_t time, unsigned number, int64_t than_time, unsigned than_number);

#endif
