/* Whether a kernel was built with what Ebb needs: a fragment, which is a list of options with a
 * reason behind each, is held against the configuration the kernel was built from. */
#ifndef EBB_KCONFIG_CHECK_H
#define EBB_KCONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

/* A fragment, or the configuration of a kernel. The bytes may be anything. */
struct options {
    const char *path; /* what messages call it */
    const char *text;
    size_t length;
};

enum option_value { OPTION_OFF, OPTION_MODULE, OPTION_BUILT_IN };

/* An option that a fragment wants and a kernel does not offer. It is no must if its reason begins
 * with "advised:" in the fragment. */
struct option_gap {
    const char *option; /* "CONFIG_EXT4_FS" */
    enum option_value wanted, found;
    const char *reason; /* "" where the fragment gives none */
    bool advised;
    unsigned int line; /* of the fragment */
};

/* Reads /boot/config-VERSION, /proc/config.gz or a fragment: packed by gzip or not. */
int options_read(struct arena *arena, const char *path, struct options *options,
                 struct error *error);
/* Lists the gaps in the order of the fragment; none is success too. */
int options_check(struct arena *arena, const struct options *fragment, const struct options *kernel,
                  struct option_gap **gaps, size_t *count, struct error *error);
/* "y", "m" or "n". */
const char *option_value_text(enum option_value value);

#endif
