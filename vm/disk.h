/* Disk images, made and looked at without root, mounts or device mapper.
 *
 * An image is a file with holes that holds one file system, bare or in a LUKS container (which has
 * no holes), and, where the partition's own tags or its type matter, in the one partition of a GPT.
 */
#ifndef EBB_VM_DISK_H
#define EBB_VM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/run.h"

/* The LUKS container that a file system lies in, with its own tags. */
struct encryption {
    const char *type; /* luks2 or luks1; NULL: luks2 */
    const char *uuid, *label;
    const char *passphrase;
    const char *key_file; /* another key, NULL for none */
    uint64_t key_offset, key_size;
    const char *header; /* the file where a detached header goes; NULL: in front of the data */
    bool empty;         /* there is no file system in it */
};

/* NULL or 0 leaves a choice to us. A plain user's files become root's. */
struct disk {
    const char *path; /* must not exist yet, or be an empty block device nobody uses */
    uint64_t size;    /* of the file system; 0: what the content needs, and room */
    uint64_t room;    /* for what is written later; 0: 64 MiB */
    const char *fs_type, *uuid, *label;
    const char *partuuid, *partlabel;
    bool esp; /* the partition is an EFI system partition */
    const char *content;
    const struct graft *grafts;
    size_t graft_count;
    const struct encryption *encryption; /* NULL: the file system lies bare */
};

struct disk_entry {
    char type; /* as ls writes it: - d l b c p s */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    uint64_t size;
};

int disk_make(const struct disk *disk, struct error *error);
/* A file in an ext file system, bare or in the first partition. What is only in the journal, as
 * after a power cut, is not seen: disk_replay first. -ENOENT: it is not there. */
int disk_read(const char *image, const char *path, char **text, size_t *length,
              struct error *error);
int disk_stat(const char *image, const char *path, struct disk_entry *entry, struct error *error);
/* Brings the journal in and repairs as a boot would; an error if more than that is broken. */
int disk_replay(const char *image, struct error *error);

#endif
