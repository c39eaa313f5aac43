/* A disk of the test's own, with a real file system on it. */
#ifndef EBB_BASE_TESTDATA_DISK_H
#define EBB_BASE_TESTDATA_DISK_H

#include "base/testdata/scratch.h"

/* In the folder "disk", which becomes the current one. */
UNUSED static void enter_disk(const char *type)
{
    char tool[32];
    snprintf(tool, sizeof(tool), "mkfs.%s", type);
    need_tool(tool);
    must_run("truncate -s 200M image && PATH=$PATH:/usr/sbin:/sbin && mkfs.%s -q image >said 2>&1",
             type);
    if (!succeeds("mkdir disk && mount -o loop image disk 2>/dev/null"))
        skip_because("there are no loop devices here, or not this file system");
    assert_int_equal(chdir("disk"), 0);
}

UNUSED static void leave_disk(void)
{
    assert_int_equal(chdir(".."), 0);
    must_run("umount disk && rm -r disk image");
}

#endif
