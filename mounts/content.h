/* What is on a block device or in an image of one, as libblkid reads it: a file system, a
 * container, and the entry that the partition has in the table of its disk. */
#ifndef EBB_MOUNTS_CONTENT_H
#define EBB_MOUNTS_CONTENT_H

#include <stdbool.h>
#include <stdio.h>

/* Every text is "" where there is nothing. */
struct content {
    char type[64]; /* as libblkid calls it: "ext4", "crypto_LUKS", "linux_raid_member" */
    char uuid[64], label[264];
    char member[64]; /* of a file system on several devices: which of them this is */
    char partuuid[64], partlabel[160];
};

#define CONTENT_LUKS "crypto_LUKS"

/* False: it cannot be read, or not yet. What contradicts itself has no type and no tags of its own,
 * but is still a partition. */
bool content_read(const char *path, struct content *content);
/* Whether it carries `tag`: UUID=, LABEL=, PARTUUID= or PARTLABEL=. */
bool content_matches(const struct content *content, const char *tag);
/* " ext4 UUID=… LABEL=…", for people. */
void content_print(const struct content *content, FILE *stream);

enum { CONTENT_NAME_SIZE = 64 };
/* Whether there is nothing at all on `path`: no file system, no partition table, nothing that
 * contradicts itself. What cannot be read is not empty. */
bool content_is_empty(const char *path);
/* What is there, for people: "ext4", "a gpt partition table", "more than one kind of content". */
void content_name(const char *path, char name[static CONTENT_NAME_SIZE]);

#endif
