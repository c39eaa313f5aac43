/* What only user space keeps of a mount: lines of /run/mount/utab, which libmount lays over what
 * the kernel shows. */
#ifndef EBB_BASE_UTAB_H
#define EBB_BASE_UTAB_H

#include <stdbool.h>

#include "base/error.h"

/* A mount as libmount finds it again: `target` is the path that the running system sees. */
struct utab_line {
    const char *source, *target, *root;
    const char *options; /* "" for none but x-initrd.mount, which each line gets */
};

/* Of several lines for one mount, only the last one counts. */
bool utab_has(const char *target);
int utab_add(const struct utab_line *line, struct error *error);

#endif
