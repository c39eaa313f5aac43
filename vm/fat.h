/* The files of a FAT32 file system in an image, bare or in the first partition, as firmware finds
 * them there: with nothing repaired, and a file whose clusters are not all its own cannot be read.
 *
 * Much quicker than mtools, for those who look at one image after the other. */
#ifndef EBB_VM_FAT_H
#define EBB_VM_FAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct fat {
    int fd;
    const uint32_t *table; /* by cluster: the next one */
    uint32_t clusters;     /* in the table */
    uint32_t root;         /* the first cluster of the top folder */
    uint64_t data;         /* where cluster 2 begins */
    uint32_t cluster_size;
};

struct fat_entry {
    const char *name;
    bool is_folder;
    uint32_t start; /* its first cluster, 0 for none */
    uint32_t size;
};

/* What these give belongs to the arena. -ENOTSUP: it is another file system. */
int fat_open(struct arena *arena, const char *image, struct fat *fat, struct error *error);
void fat_close(const struct fat *fat);
/* Paths are without regard to case. -ENOENT: it is missing. */
int fat_list(struct arena *arena, const struct fat *fat, const char *path, struct fat_entry **list,
             size_t *count, struct error *error);
int fat_find(struct arena *arena, const struct fat *fat, const char *path, struct fat_entry *entry,
             struct error *error);
/* -EIO if the clusters that it needs are not there. */
int fat_check(const struct fat *fat, const struct fat_entry *entry, struct error *error);
int fat_read(struct arena *arena, const struct fat *fat, const char *path, char **text,
             size_t *length, struct error *error);

#endif
