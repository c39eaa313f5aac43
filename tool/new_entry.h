/* The declaration of a path that persists from now on: where it is kept, in whose home it lies, and
 * the words that give it the owner and mode that it has. */
#ifndef EBB_TOOL_NEW_ENTRY_H
#define EBB_TOOL_NEW_ENTRY_H

#include <sys/stat.h>

#include "plan/edit.h"

struct new_entry {
    struct edit edit;      /* what comes to the configuration's file */
    struct config *config; /* as it will be; to be freed */
    const struct persist_entry *entry;
};

/* `store` is VOLUME:/path, or NULL for the only one that there is. */
int new_entry_declare(struct arena *arena, const struct config *config, const char *path,
                      const struct stat *status, const char *store, struct new_entry *made,
                      struct error *error);

#endif
