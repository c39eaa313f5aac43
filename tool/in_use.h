/* The programs that have a path in use: who works in it, or has a file in it open. */
#ifndef EBB_TOOL_IN_USE_H
#define EBB_TOOL_IN_USE_H

#include <sys/types.h>

#include "base/memory.h"

/* "bash (412), journald (77)", as far as may be looked at; NULL for nobody. Only what lies on that
 * file system counts, for another one may be mounted on the path. */
const char *in_use(struct arena *arena, const char *path, dev_t device);

#endif
