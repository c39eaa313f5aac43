/* The kernel options that every boot with Ebb needs: kconfig/spine.config, which the program has
 * inside, held against a kernel that is to be booted. */
#ifndef EBB_KCONFIG_SPINE_H
#define EBB_KCONFIG_SPINE_H

#include "kconfig/check.h"

/* What is missing in the configuration of the kernel `wanted`: a version, or a path with a "/". */
int spine_check(struct arena *arena, const char *wanted, struct option_gap **gaps, size_t *count,
                struct error *error);

#endif
