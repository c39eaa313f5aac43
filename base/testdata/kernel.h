/* The kernel whose modules tests may use. */
#ifndef EBB_BASE_TESTDATA_KERNEL_H
#define EBB_BASE_TESTDATA_KERNEL_H

#include "base/testdata/scratch.h"

/* The newest kernel that is installed; the tool's own default may not be. */
UNUSED static const char *any_kernel(void)
{
    static char version[200];
    FILE *list = popen("ls -d /lib/modules/*/modules.dep 2>/dev/null | sort -V | tail -n 1", "r");
    assert_non_null(list);
    char path[300] = "";
    if (!fgets(path, sizeof(path), list))
        path[0] = '\0';
    pclose(list);
    if (sscanf(path, "/lib/modules/%199[^/]", version) != 1)
        skip_because("no kernel with modules is installed");
    return version;
}

#endif
