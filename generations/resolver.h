/* The host's /etc/resolv.conf in a tree, while a command runs there. It is a copy: what is mounted
 * could not be replaced, as packages of resolvers do, and would be the host's to write to. What the
 * command makes of it stays; as it was, it goes, and the tree's own comes back. */
#ifndef EBB_GENERATIONS_RESOLVER_H
#define EBB_GENERATIONS_RESOLVER_H

#include <limits.h>
#include <stddef.h>
#include <time.h>

struct resolver {
    char *text; /* NULL: the host has none */
    size_t length;
    int etc;                       /* of the tree, which has the copy; -1: it has none */
    struct timespec before, since; /* when that was changed, without the copy and with it */
    char in_run[PATH_MAX];         /* where the tree's own leads to below /run; else "" */
};

void resolver_lend(int tree, struct resolver *resolver);
/* In the tree, whose /run is memory. */
void resolver_show_in_run(const struct resolver *resolver);
void resolver_take_back(struct resolver *resolver);

#endif
