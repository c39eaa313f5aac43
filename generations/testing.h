/* What tests of generations share: what may be told of an old one after another was made, and the
 * longest identity. */
#ifndef EBB_GENERATIONS_TESTING_H
#define EBB_GENERATIONS_TESTING_H

#include "base/testdata/tree.h"

/* The longest name that an identity may be. */
#define LONGEST "a2345678901234567890123456789012345678901234567890123456789012"

UNUSED static void need_overlay(void)
{
    if (!has_namespace)
        skip_because("overlays over trees are for root");
    need_tool("busybox");
}

/* All but the link counts, and the change times of inodes, which another name changes. */
UNUSED static char *identity_of(const char *tree)
{
    return output_of("cd %s && find . -type d -printf '%%p %%y %%m %%U:%%G %%T@ %%C@\\n' -o "
                     "-printf '%%p %%y %%m %%U:%%G %%T@ %%s %%i %%l\\n' | LC_ALL=C sort &&"
                     "find . -type f -exec cksum {} + | LC_ALL=C sort",
                     tree);
}

#endif
