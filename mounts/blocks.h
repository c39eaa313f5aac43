/* The block devices that are there, each read once, and again only when the kernel says that it
 * changed. */
#ifndef EBB_MOUNTS_BLOCKS_H
#define EBB_MOUNTS_BLOCKS_H

#include <sys/types.h>

#include "base/uevent.h"
#include "mounts/content.h"

struct block {
    char name[64];  /* "vda1" */
    char path[300]; /* "/dev/vda1" */
    struct content content;
    bool unread;      /* it could not be read: the medium may need a moment */
    bool dirty;       /* something happened to it since it was read */
    unsigned changed; /* blocks->changes when it was read last */
    bool seen;        /* by the scan that is going on */
};

struct blocks {
    struct block **list; /* in the order in which they appeared */
    size_t count;
    unsigned changes; /* how many times anything was read or went away */
};

struct blocks *blocks_new(void);
void blocks_free(struct blocks *blocks); /* accepts NULL */

/* Looks for all that is there now: at the beginning, and when events were lost. */
void blocks_scan(struct blocks *blocks);
/* Takes note of one event; true if it was about a block device. */
bool blocks_note(struct blocks *blocks, const struct uevent *event);
/* Reads what is new, what was noted, and with `again` also what could not be read before. */
void blocks_read(struct blocks *blocks, bool again);
bool blocks_have_unread(const struct blocks *blocks);

/* Whether it is the device that ebb.conf calls `device`: by a tag, by a path below /dev, or by a
 * link that udev would make for it in /dev/disk. */
bool block_matches(const struct block *block, const char *device);
/* Whether something lies on top of it, such as an array that it is part of. */
bool block_is_held(const struct block *block);
/* A line per block device with its tags, for people who wonder why theirs was not found. */
void blocks_print(const struct blocks *blocks, FILE *stream);

#endif
