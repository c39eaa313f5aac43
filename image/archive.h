/* The reader of any initramfs, as the kernel reads it: cpio archives one behind the other, each
 * plain or compressed, with zeros between them.
 *
 * No length in it is trusted. What was read before a damage stays readable. */
#ifndef EBB_IMAGE_ARCHIVE_H
#define EBB_IMAGE_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/memory.h"

struct archive_entry {
    const char *path;   /* as it is stored: usually without a "/" in front */
    const char *target; /* of a symbolic link, else NULL */
    const char *data;   /* of a file; names of one hard-linked file share it */
    size_t size;
    mode_t mode;
    unsigned uid, gid, links, mtime;
    unsigned major, minor;   /* of a device */
    unsigned segment;        /* the number of the archive in the image, from 1 */
    const char *compression; /* of that archive; "none" if there is none */
};

struct archive {
    const struct archive_entry *entries; /* in the order of the image */
    size_t count;
};

struct archive *archive_new(void);
void archive_free(struct archive *archive); /* accepts NULL */
void archive_cleanup(struct archive **archive);
#define auto_archive AUTO(archive_cleanup) struct archive *

/* Appends the entries of an image, which `name` stands for in messages. On failure those before
 * the damage are there. `data` must live as long as the archive. */
int archive_read(struct archive *archive, const char *name, const void *data, size_t length,
                 struct error *error);
/* The entry that has `path` once the kernel has unpacked everything: links inside the image are
 * followed and the last of several wins. NULL if there is none. */
const struct archive_entry *archive_find(const struct archive *archive, const char *path);

#endif
