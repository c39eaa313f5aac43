/* What `ebb keep` and `ebb drop` do, apart from their command lines. */
#ifndef EBB_TOOL_KEEP_H
#define EBB_TOOL_KEEP_H

#include <stdbool.h>
#include <stdio.h>

#include "base/path.h"

struct keep_wish {
    const char *file;  /* the configuration; NULL: /etc/ebb/ebb.conf */
    const char *path;  /* clean and absolute */
    const char *store; /* VOLUME:/path; NULL: the only one */
    bool replace;      /* what lies on the volume goes to its trash */
    bool dry_run;
};

/* Both return what the verb returns to the shell. */
int keep_path(struct target root, const struct keep_wish *wish, FILE *out);
int drop_path(struct target root, const struct keep_wish *wish, FILE *out);
/* Does one or the other for each word of a command line, up to the first that fails. */
int keep_each(char **words, int count, struct keep_wish *wish,
              int (*one)(struct target root, const struct keep_wish *wish, FILE *out));

#endif
