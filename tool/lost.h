/* `ebb lost`, over any root that has a status.json. */
#ifndef EBB_TOOL_LOST_H
#define EBB_TOOL_LOST_H

#include <stdio.h>

#include "persist/lost.h"

struct lost_wish {
    const char **paths; /* clean and absolute; none: all */
    size_t path_count;
    bool json, newest, all, watch;
};

/* Returns the exit status. With `watch` it does not return unless something fails. */
int lost_tell(struct target root, const struct lost_wish *wish, FILE *out);

/* How it is printed; `generation` and `kind` are the root's. */
void lost_print_tree(const struct lost *lost, FILE *out);
void lost_print_newest(const struct lost *lost, FILE *out);
void lost_print_json(const struct lost *lost, unsigned generation, const char *kind, bool newest,
                     FILE *out);
/* One line about one item, as in the list of the newest; with `json` one object. */
void lost_print_line(const struct lost *lost, const struct lost_item *item, bool json, FILE *out);
/* Where it could not look, on standard error. */
void lost_print_blind(const struct lost *lost);

#endif
