/* The kernel options that a boot with Ebb needs: the fragments kconfig/NAME.config, which the
 * program has inside, held against a kernel that is to be booted. One is for every boot; each of
 * the others is for declarations that use its subject. */
#ifndef EBB_KCONFIG_FRAGMENTS_H
#define EBB_KCONFIG_FRAGMENTS_H

#include "kconfig/check.h"
#include "plan/config.h"

/* The fragments that the declaration asks for, the one for every boot first. */
struct options *fragments_wanted(struct arena *arena, const struct config *config, size_t *count);
/* What is missing of them in the configuration of the kernel `wanted`: a version, a path with a
 * "/", or "running". */
int fragments_check(struct arena *arena, const struct config *config, const char *wanted,
                    struct option_gap **gaps, size_t *count, struct error *error);

#endif
