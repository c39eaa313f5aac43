/* The kernel of a system of a Nix profile: the store has it, the image that goes with it and their
 * parameters, and NixOS makes the boot entries, which are none of ours. */
#ifndef EBB_GENERATIONS_NIX_KERNEL_H
#define EBB_GENERATIONS_NIX_KERNEL_H

#include "plan/context.h"

/* Whether the system has modules for the kernel that runs; one that has none goes with any. */
bool nix_kernel_fits(struct arena *arena, int volume, const struct generations *declared,
                     const struct generation *generation);
/* Opens the kernel and the image that the system names; the caller closes them. -ENOTSUP: it cannot
 * be started from here. */
int nix_kernel_open(struct arena *arena, int volume, const struct generations *declared,
                    const struct generation *generation, int *kernel, int *image,
                    struct error *error);
/* What NixOS would have a boot loader tell it. */
const char *nix_kernel_parameters(struct arena *arena, const struct generation *generation);
/* What the entry that NixOS makes for systemd-boot is called. */
const char *nix_kernel_entry(struct arena *arena, const struct generation *generation);

#endif
