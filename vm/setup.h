/* Everything that a machine is made of, from a configuration: the image, and a disk for each
 * declared volume. `ebb vm` and the tests in qemu-tests/ both begin here. */
#ifndef EBB_VM_SETUP_H
#define EBB_VM_SETUP_H

#include "vm/scratch.h"

struct setup {
    const char *folder;       /* for everything that is made */
    const char *kernel;       /* a version or a path; NULL: the running one, or the newest */
    const char *init, *agent; /* the paths of ebb-init and ebb-agent */
    const char *generation;   /* for ebb.generation=, or NULL */
    const char *append;       /* more kernel parameters, or NULL */
    const char *tree;         /* of the first generation; NULL: one of busybox */
    const char *passphrase;   /* of scratch containers; NULL: SCRATCH_PASSPHRASE */
    const struct scratch_given *given;
    size_t given_count;
    enum vm_bus bus;
    bool uefi; /* booted by firmware, from an EFI system partition (vm/firmware.h) */
    bool progress;
};

/* Writes the file that the configuration is to be loaded with as an extra: the agent comes into
 * the image by words that anybody could have written. */
int setup_extra(struct arena *arena, const struct setup *setup, const char **extra,
                struct error *error);
/* Makes image and disks, and fills in what `request` needs of them. */
int setup_make(struct arena *arena, const struct setup *setup, const struct config *config,
               struct vm_request *request, struct error *error);
/* Makes another image, for the same disks; firmware boots the one on its partition, which stays. */
int setup_image(struct arena *arena, const struct setup *setup, const struct config *config,
                const char *image, struct error *error);

#endif
