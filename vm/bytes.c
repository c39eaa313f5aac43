#include "vm/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

enum { READ_SIZE = 64 * 1024 };

static void make_room(struct bytes *bytes, size_t more)
{
    size_t needed = bytes->length + more + 1;
    if (bytes->room >= needed)
        return;
    size_t room = bytes->room ? bytes->room : 4096;
    while (room < needed)
        room *= 2;
    char *moved = realloc(bytes->data, room);
    if (!moved)
        memory_exhausted();
    bytes->data = moved;
    bytes->room = room;
}

void bytes_append(struct bytes *bytes, const void *data, size_t length)
{
    make_room(bytes, length);
    if (length)
        memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    bytes->data[bytes->length] = '\0';
}

void bytes_drop(struct bytes *bytes, size_t length)
{
    if (length == 0)
        return;
    bytes->length -= length;
    memmove(bytes->data, bytes->data + length, bytes->length + 1);
}

long bytes_read(struct bytes *bytes, int fd)
{
    make_room(bytes, READ_SIZE);
    for (;;) {
        ssize_t got = read(fd, bytes->data + bytes->length, READ_SIZE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        bytes->length += (size_t)got;
        bytes->data[bytes->length] = '\0';
        return got;
    }
}

int bytes_send(int fd, const void *data, size_t length)
{
    for (const char *at = data; length > 0;) {
        ssize_t done = send(fd, at, length, MSG_NOSIGNAL);
        if (done < 0 && errno == ENOTSOCK) /* a port in the guest */
            done = write(fd, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        at += done;
        length -= (size_t)done;
    }
    return 0;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}
