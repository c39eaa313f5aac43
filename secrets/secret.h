/* Bytes that nobody else may see: wiped when they go. The memory itself is locked by the process
 * that works with them (secrets/worker.h). */
#ifndef EBB_SECRETS_SECRET_H
#define EBB_SECRETS_SECRET_H

#include <stddef.h>

#include "base/memory.h"

struct secret {
    unsigned char *bytes; /* with a NUL behind them; NULL: there is none */
    size_t length;
};

/* Zeroed. */
struct secret secret_new(size_t length);
struct secret secret_copy(const void *bytes, size_t length);
/* Moves it out of a variable that would wipe it. */
struct secret secret_take(struct secret *secret);
void secret_free(struct secret *secret);
#define auto_secret AUTO(secret_free) struct secret

#endif
