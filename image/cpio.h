/* The writer of a cpio archive in the newc format, the one the kernel unpacks.
 *
 * Nothing of the building machine goes into it: owner 0, time 0, inodes counted from 1. */
#ifndef EBB_IMAGE_CPIO_H
#define EBB_IMAGE_CPIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "image/compress.h"

struct cpio_entry {
    const char *path; /* absolute; the archive has it without the first "/" */
    mode_t mode;      /* with its type */
    unsigned links;
    unsigned major, minor; /* of a device */
    const void *data;      /* of a file, or the target of a link */
    size_t length;
};

struct cpio {
    struct compressor *sink;
    uint64_t written;
    uint32_t inode; /* of the last entry */
};

int cpio_write(struct cpio *cpio, const struct cpio_entry *entry, struct error *error);
/* The trailer, without which the archive counts as cut off. */
void cpio_finish(struct cpio *cpio);

#endif
