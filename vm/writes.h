/* What a guest wrote to a disk, one write after the other. Applied up to any of them to the disk as
 * it was before, they make the disk that a power cut at that moment would have left.
 *
 * The log is that of QEMU's blklogwrites, in the format of the kernel's dm-log-writes: a block
 * about the log, and for each write a block about it and its data. */
#ifndef EBB_VM_WRITES_H
#define EBB_VM_WRITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/memory.h"

enum write_flag {
    WRITE_FLUSH = 1 << 0, /* all before it is on the disk; so it is when there is no length */
    WRITE_FUA = 1 << 1,
    WRITE_DISCARD = 1 << 2, /* what was there may be gone; there are zeroes then */
    WRITE_MARK = 1 << 3,    /* nothing but a name for this moment */
};

struct write {
    uint64_t at, length; /* in bytes of the disk */
    unsigned flags;      /* of enum write_flag */
    off_t data;          /* in the log */
};

struct writes {
    int log;
    struct write *list;
    size_t count;
};

/* The list belongs to the arena. */
int writes_open(struct arena *arena, const char *path, struct writes *writes, struct error *error);
void writes_close(const struct writes *writes);
/* Whether one of them changes anything, as flushes and marks do not. */
bool write_changes(const struct write *write);
/* Does to an image what the first `length` bytes of one of them did to the disk. */
#define WRITE_WHOLE UINT64_MAX
int writes_apply(const struct writes *writes, size_t number, uint64_t length, int image,
                 struct error *error);
/* "write 3 of 80, of 4096 bytes at 1052672", or the like. */
const char *writes_tell(struct arena *arena, const struct writes *writes, size_t number);

#endif
