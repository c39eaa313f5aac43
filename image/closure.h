/* Everything a program needs to start: its interpreter and its libraries, or for a script the
 * program behind "#!", found as the dynamic loader finds them.
 *
 * What a program opens later by name (dlopen, name services, character sets) is not seen. */
#ifndef EBB_IMAGE_CLOSURE_H
#define EBB_IMAGE_CLOSURE_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

struct needed_file {
    const char *path;   /* where it will be looked for once the program runs */
    const char *source; /* where it is now; mostly the same. Links lead there in both. */
};

/* The files that a program needs, without itself. It is `source` now and will run as `path`; all
 * are below the folder `root`. */
int closure_find(struct arena *arena, int root, const char *path, const char *source,
                 const struct needed_file **files, size_t *count, struct error *error);

#endif
