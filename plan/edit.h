/* Changes in the text of a configuration, as a person would make them: a declaration comes or goes,
 * and all else stays as it was written. */
#ifndef EBB_PLAN_EDIT_H
#define EBB_PLAN_EDIT_H

#include "plan/config.h"

struct edit {
    const struct source_file *file;
    const char *text; /* the file as it becomes */
    size_t length;
    const char *lines; /* what comes or goes, for people */
    unsigned line;     /* where that begins */
    const char *whole; /* what comes, with the blocks around it: a file that could be included */
};

/* Puts a directive of a persist block into the block of that store, made if there is none, and
 * there into the block of `home`, if it is not NULL. */
void edit_add(const struct config *config, const struct place *store, const struct home *home,
              const struct scfg_directive *directive, struct edit *edit);
/* Takes out what declared the entry. */
void edit_remove(const struct config *config, const struct persist_entry *entry, struct edit *edit);
/* Whether the file can be written, before anything else is done. */
int edit_check(const struct edit *edit, struct error *error);
/* Writes the file, if it still is what was read. */
int edit_write(const struct edit *edit, struct error *error);

#endif
