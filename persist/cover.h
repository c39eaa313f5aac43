/* A set of paths, walked along with a tree: which of them lie below a folder is a range of the
 * sorted list, which each step down narrows. So ten thousand paths cost a walk almost nothing. */
#ifndef EBB_PERSIST_COVER_H
#define EBB_PERSIST_COVER_H

#include <stdbool.h>
#include <stddef.h>

struct cover {
    const char **paths; /* clean and absolute */
    size_t count;
};

/* The paths below the folder that a walk is in; `offset` is where their next part begins. */
struct cover_range {
    size_t begin, end, offset;
};

/* Puts the paths in the order that the others need. */
void cover_sort(struct cover *cover);
struct cover_range cover_all(const struct cover *cover);
/* What lies below `name` of the folder that `range` is about. True: the set has `name` itself. */
bool cover_enter(const struct cover *cover, struct cover_range range, const char *name,
                 struct cover_range *below);

#endif
