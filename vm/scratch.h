/* Disks for a configuration: for every volume that it declares, an image with the same tags and
 * file system, the state volume with a store that can be booted. The configuration stays as it is.
 */
#ifndef EBB_VM_SCRATCH_H
#define EBB_VM_SCRATCH_H

#include "plan/config.h"
#include "vm/qemu.h"

/* An image that takes the place of a scratch disk. */
struct scratch_given {
    const char *volume, *path;
};

struct scratch {
    const struct config *config;
    const char *folder; /* the images are made here, as VOLUME.img */
    const char *tree;   /* of the first generation; NULL: one is made, of busybox */
    const struct scratch_given *given;
    size_t given_count;
    enum vm_bus bus;
};

/* The result belongs to the arena. */
int scratch_make(struct arena *arena, const struct scratch *scratch, struct vm_disk **disks,
                 size_t *count, struct error *error);

#endif
