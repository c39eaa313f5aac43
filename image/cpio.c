#include "image/cpio.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { HEADER_LENGTH = 110, ALIGNMENT = 4 };

static void put(struct cpio *cpio, const void *data, size_t length)
{
    compressor_write(cpio->sink, data, length);
    cpio->written += length;
}

static void align(struct cpio *cpio)
{
    static const char zeros[ALIGNMENT];
    put(cpio, zeros, (size_t)(-cpio->written % ALIGNMENT));
}

static void put_header(struct cpio *cpio, const struct cpio_entry *entry, const char *name,
                       uint32_t inode)
{
    const unsigned fields[] = {
        inode,
        entry->mode,
        0 /* uid */,
        0 /* gid */,
        entry->links,
        0 /* mtime */,
        (unsigned)entry->length,
        0 /* device of the file */,
        0,
        entry->major,
        entry->minor,
        (unsigned)strlen(name) + 1,
        0 /* checksum, of 070702 only */
    };
    char header[HEADER_LENGTH + 1] = "070701";
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        snprintf(header + 6 + 8 * i, 9, "%08X", fields[i]);
    put(cpio, header, HEADER_LENGTH);
    put(cpio, name, strlen(name) + 1);
    align(cpio);
}

int cpio_write(struct cpio *cpio, const struct cpio_entry *entry, struct error *error)
{
    const char *name = entry->path + (entry->path[0] == '/');
    if (strlen(name) >= PATH_MAX)
        return error_set(error, ENAMETOOLONG,
                         "\"%.100s...\" is longer than the kernel's 4095 bytes", entry->path);
    if (entry->length > UINT32_MAX)
        return error_set(error, EFBIG,
                         "\"%s\" is larger than 4 GiB, the most an initramfs can hold",
                         entry->path);
    put_header(cpio, entry, name, ++cpio->inode);
    put(cpio, entry->data, entry->length);
    align(cpio);
    return 0;
}

void cpio_finish(struct cpio *cpio)
{
    static const struct cpio_entry trailer = {.links = 1};
    put_header(cpio, &trailer, "TRAILER!!!", 0);
}
