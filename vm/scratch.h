/* Disks for a configuration: for every volume that it declares, an image with the same tags and
 * file system, encrypted if the volume is, the state volume with a store that can be booted. The
 * configuration stays as it is. */
#ifndef EBB_VM_SCRATCH_H
#define EBB_VM_SCRATCH_H

#include "plan/config.h"
#include "vm/qemu.h"

/* Opens the containers that are made, besides the declared key. */
#define SCRATCH_PASSPHRASE "ebb"

/* An image that takes the place of a scratch disk; a volume may have several. */
struct scratch_given {
    const char *volume, *path;
};

struct scratch {
    const struct config *config;
    const char *folder;     /* the images are made here, as VOLUME.img */
    const char *tree;       /* of the first generation; NULL: one is made, of busybox */
    const char *passphrase; /* of containers; NULL: SCRATCH_PASSPHRASE */
    const char *boot;       /* what the EFI system partition holds; NULL: there need be none */
    const struct scratch_given *given;
    size_t given_count;
    enum vm_bus bus;
};

/* The result belongs to the arena: the disks in the order of the configuration, but those of
 * volumes that only hold keys at the end, and behind them the EFI system partition as ESP.img, if
 * there has to be one and no volume is it. */
int scratch_make(struct arena *arena, const struct scratch *scratch, struct vm_disk **disks,
                 size_t *count, struct error *error);

#endif
