/* A boot partition, which is vfat: files that are put there survive a power cut as the old or the
 * new one, or with neither being lost.
 *
 * On vfat a renamed file keeps its size and its place in its own record, which is written with the
 * inode and not with the folder: after "fsync the folder" alone, a power cut left the new name with
 * nothing in it. So the renamed file is synced before its folder is. */
#ifndef EBB_GENERATIONS_ESP_H
#define EBB_GENERATIONS_ESP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* What a file is called until it is whole; never the ending of an entry. */
#define ESP_UNFINISHED ".tmp"

struct esp_space {
    uint64_t free, cluster; /* bytes */
};
int esp_space(int esp, struct esp_space *space, struct error *error);
/* What so many bytes take. */
uint64_t esp_rounded(const struct esp_space *space, uint64_t size);

struct esp_file {
    const char *name;
    uint64_t size;
};
/* The files of a folder, in the order of their names; one that is missing has none. */
int esp_list(struct arena *arena, int esp, const char *folder, struct esp_file **files,
             size_t *count, struct error *error);

/* Only one of us changes a partition at a time; until `esp` is closed. */
int esp_lock(int esp, struct error *error);
/* Writes a file, in the place of what is there, and makes its folders; then reads it back. */
int esp_put(int esp, const char *path, const void *data, size_t length, struct error *error);
/* Whether the file `name` of a folder holds that, on the disk as far as the kernel lets go of what
 * it has in memory; -EIO: it holds something else. */
int esp_read_back(int folder, const char *name, const void *data, size_t length);
/* One that is missing is no failure. */
int esp_remove(int esp, const char *path, struct error *error);
/* All that was done until now is on the disk when this returns, and comes before what is done
 * later. */
int esp_sync(int esp, struct error *error);

#endif
