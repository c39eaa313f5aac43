/* Subvolumes of btrfs, by descriptor and by id: what ioctls of the kernel do, and no more. */
#ifndef EBB_BASE_BTRFS_H
#define EBB_BASE_BTRFS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { BTRFS_TOP = 5 }; /* the id of the subvolume that all others lie in */

struct btrfs_subvolume {
    uint64_t id;
    int64_t changed; /* when anything in it last was, in seconds since 1970 */
};

/* What `fd` is the root of; -ENOTTY for another file system, -EINVAL for a mere folder. */
int btrfs_look(int fd, struct btrfs_subvolume *subvolume);
/* An empty one, or a writable snapshot of `source` if that is not -1, called `name` in `folder`. */
int btrfs_make(int folder, const char *name, int source);
/* A snapshot of `source` that nobody can write to. */
int btrfs_snapshot(int folder, const char *name, int source);
/* Deletes the subvolume and all that are recorded below it, the innermost first. `fd` is any
 * folder of the file system. */
int btrfs_delete(int fd, uint64_t id, struct error *error);
/* How many subvolumes lie directly in it. */
int btrfs_count_inner(int fd, uint64_t id, size_t *count);
/* Everything done so far survives a power cut. */
int btrfs_sync(int fd);

#endif
