/* `ebb status`, over any root. */
#ifndef EBB_TOOL_STATUS_H
#define EBB_TOOL_STATUS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/path.h"

struct status_request {
    bool slowest, json;
};

/* Returns the exit status. */
int status_tell(struct target root, const struct status_request *request, FILE *out);

#endif
