/* Bytes that arrive at one end and are taken from the other: what a line between host and guest
 * has said so far. Kept with a NUL behind them, so that text can be searched as a string. */
#ifndef EBB_VM_BYTES_H
#define EBB_VM_BYTES_H

#include <stddef.h>

struct bytes {
    char *data; /* NULL while nothing ever arrived */
    size_t length, room;
};

void bytes_append(struct bytes *bytes, const void *data, size_t length);
/* Forgets the first `length` bytes. */
void bytes_drop(struct bytes *bytes, size_t length);
/* Appends what one read(2) gives. Returns how much that was, 0 at the end, or -errno. */
long bytes_read(struct bytes *bytes, int fd);
/* Writes all of `data` to a line. That nobody is at its other end is an error, never a signal. */
int bytes_send(int fd, const void *data, size_t length);
void bytes_free(struct bytes *bytes);

#endif
