/* Two sets of secrets, compared byte for byte; nothing of what is in them is told. */
#ifndef EBB_TOOL_SECRETS_CHANGES_H
#define EBB_TOOL_SECRETS_CHANGES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* A line for each secret of one or the other, on `out`. The old set is 0 if there is none. */
int changes_tell(unsigned old, unsigned new, bool early, FILE *out, struct error *error);

#endif
