/* A tree with everything that one may hold, and whether two are the same. */
#ifndef EBB_BASE_TESTDATA_TREE_H
#define EBB_BASE_TESTDATA_TREE_H

#include "base/testdata/scratch.h"

/* find(1) is the witness: everything it can tell of a tree but inode numbers, and a sum of what is
 * in each file. Folders have no size that means anything. */
UNUSED static char *description(const char *folder)
{
    return output_of(
        "cd %s && find . -printf '%%P|%%y %%m %%U:%%G %%n %%T@ %%l|' "
        "\\( -type d -o -printf '%%s %%b' \\) -printf '\\0' | LC_ALL=C sort -z | tr '\\0' '\\n' &&"
        "find . -type f -exec cksum {} + | LC_ALL=C sort",
        folder);
}

UNUSED static void assert_same(const char *one, const char *other)
{
    auto_string left = description(one);
    auto_string right = description(other);
    if (strcmp(left, right) != 0) { /* cmocka would cut them */
        put("left", left);
        put("right", right);
        fail_msg("%s", output_of("diff left right || true"));
    }
}

/* Everything that a tree may hold; other users where there are any. */
UNUSED static void make_tree(const char *folder)
{
    must_run(
        "mkdir -p %s && cd %s && umask 022 &&"
        "mkdir -p etc/deep/er empty 'with blank' sticky private && chmod 1777 sticky &&"
        "chmod 0700 private && echo text > etc/text && head -c 300000 /dev/urandom > etc/big &&"
        ": > etc/nothing && echo suid > etc/suid && chmod 6755 etc/suid &&"
        "chmod 0400 etc/nothing && touch -d '2001-02-03 04:05:06.789' etc/text etc/deep &&"
        "printf 'new\\nline' > 'with blank/a\nb' && echo long > $(printf %%0255d 0) &&"
        "ln -s text etc/link && ln -s /nonesuch etc/dangling && ln -s .. etc/deep/up &&"
        "touch -h -d '2002-02-02 02:02:02' etc/link && mkfifo -m 0640 a-pipe &&"
        "touch -d '2003-03-03 03:03:03' a-pipe && ln etc/text private/second &&"
        "ln etc/text etc/deep/er/third && ln etc/link etc/link2 &&"
        "truncate -s 5M etc/hole && truncate -s 3M etc/holes && "
        "printf x | dd of=etc/holes bs=1 seek=1M conv=notrunc status=none &&"
        "printf y | dd of=etc/holes bs=1 seek=2M conv=notrunc status=none",
        folder, folder);
    if (has_users)
        must_run("cd %s && chown 12:34 etc/text private && chown -h 56:78 etc/link &&"
                 "chown 9:9 etc/suid a-pipe && chmod 6755 etc/suid && chmod 0000 etc/nothing",
                 folder);
    must_run("cd %s && touch -d '2004-04-04 04:04:04' private . etc/suid", folder);
}

UNUSED static void assert_linked(const char *one, const char *other, bool linked)
{
    struct stat a = {0}, b = {0};
    assert_true(lstat(one, &a) == 0 && lstat(other, &b) == 0);
    assert_int_equal(a.st_ino == b.st_ino && a.st_dev == b.st_dev, linked);
}

#endif
