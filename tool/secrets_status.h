/* What became of the secrets of the running system, read from /run/secrets.d/.status.json. */
#ifndef EBB_TOOL_SECRETS_STATUS_H
#define EBB_TOOL_SECRETS_STATUS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"

struct secret_status {
    const char *name, *fault; /* a name of secrets/fault.h */
    const char *path;         /* of a link to it, or NULL */
    bool early;
};

struct secrets_status {
    unsigned set; /* the number of the set that it tells of */
    struct secret_status *items;
    size_t count;
};

/* `run` is the folder that is /run. -ENOENT: nothing was decrypted, or not by Ebb. */
int secrets_status_read(struct arena *arena, int run, struct secrets_status *status,
                        struct error *error);
/* NULL: it tells nothing of that name. */
const struct secret_status *secrets_status_find(const struct secrets_status *status,
                                                const char *name);

#endif
