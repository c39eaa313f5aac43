/* Memory for secrets (CONTRIBUTING, "What must hold", 7): it is never swapped out, is in no core
 * dump, and is wiped before it goes back to the kernel. */
#ifndef EBB_BASE_LOCKED_H
#define EBB_BASE_LOCKED_H

#include <stddef.h>

#include "base/error.h"

/* Zeroed. */
int locked_new(size_t size, void **memory, struct error *error);
void locked_free(void *memory, size_t size); /* accepts NULL */

#endif
