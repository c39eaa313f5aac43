/* Images of trees, as their own tools make them, for tests that mount them. */
#ifndef EBB_BASE_TESTDATA_IMAGES_H
#define EBB_BASE_TESTDATA_IMAGES_H

#include "base/testdata/scratch.h"

static const char *const image_types[] = {"erofs", "squashfs"};

/* Makes TARGET.erofs and TARGET.squashfs of the folder `tree`. */
UNUSED static void make_images(const char *tree, const char *target)
{
    need_tool("mkfs.erofs");
    need_tool("mksquashfs");
    must_run("mkfs.erofs %s.erofs %s >said 2>&1 &&"
             "mksquashfs %s %s.squashfs -quiet -no-progress -noappend > said 2>&1 && rm said",
             target, tree, tree, target);
}

/* Those who are not root of the machine can mount none. */
UNUSED static void need_loop(void)
{
    need_namespace();
    if (access("/dev/loop-control", R_OK | W_OK) < 0 ||
        !succeeds("grep -qw erofs /proc/filesystems && grep -qw squashfs /proc/filesystems"))
        skip_because("there are no loop devices here, or not these file systems");
}

#endif
