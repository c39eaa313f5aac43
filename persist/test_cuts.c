/* The power is cut while entries begin as copies of what the generation has: at each and every call
 * of the kernel. What is on the volume then is whole or is not there, and the next boot has all. */
#include "base/testdata/cut.h"

#include <limits.h>

#include "persist/testing.h"

/* Brings everything back, in a mount name space that goes with the process: in that the root and
 * the volume are other mounts. */
static int bring_back(void *argument)
{
    struct world *world = argument;
    struct error error;
    if (unshare(CLONE_NEWNS) < 0)
        return 1;
    world->context->root.fd = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    world->context->states[0].fd = open("state", O_PATH | O_CLOEXEC);
    return apply(world, &error) == 0 ? 0 : 1;
}

static const char scene[] =
    "mkdir -p " TREE "/srv/a/b/c " TREE "/etc && cd " TREE " && head -c 200000 /dev/urandom > "
    "srv/a/large && echo one > srv/a/b/one && ln srv/a/b/one srv/a/b/two && ln -s b/one srv/a/link "
    "&& truncate -s 300000 srv/a/hole && echo end >> srv/a/hole && : > srv/a/empty && mkfifo "
    "srv/a/pipe && chmod 2750 srv/a && chmod 400 srv/a/b/one && echo file > etc/file && chmod 640 "
    "etc/file && touch -d @77 srv/a/b/one etc/file srv/a";

/* Says "none", "whole" or "half" of each of the two. */
static const char look[] = "tree=$PWD/" TREE " kept=$PWD/state/persist\n"
                           "list() { (cd $1 && find . -printf '%p %y %m %T@ %n %s %l\\n' | sort; "
                           "cat large hole b/two); }\n"
                           "if ! test -e $kept/srv/a; then echo none\n"
                           "elif test \"$(list $tree/srv/a | md5sum)\" = \"$(list $kept/srv/a | "
                           "md5sum)\"; then echo whole\n"
                           "else echo half; fi\n"
                           "if ! test -e $kept/etc/file; then echo none\n"
                           "elif cmp -s $tree/etc/file $kept/etc/file &&\n"
                           "     test $(stat -c %a:%Y $kept/etc/file) = 640:77; then echo whole\n"
                           "else echo half; fi\n";

static void test_seeding(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    bool over = false;
    unsigned calls = 0, cuts_between = 0;
    need_namespace();
    begin_world(&world, "dir /srv/a\nfile /etc/file", scene);
    put("look", look);
    while (!over) {
        over = cut_off(bring_back, &world, calls++);
        auto_string seen = output_of("sh look 2>&1");
        cuts_between += strstr(seen, "none") && strstr(seen, "whole");
        if (strstr(seen, "half") || (over && strcmp(seen, "whole\nwhole") != 0))
            fail_msg("cut off after %u calls, there is: %s", calls - 1, seen);
        assert_true(cut_off(bring_back, &world, UINT_MAX / 4));
        must_run("test \"$(sh look | uniq)\" = whole && test -z \"$(find state -name .ebb-new)\"");
        must_run("rm -r state/persist");
    }
    /* It was really cut in many places, and also between the one and the other. */
    assert_true(calls > 50 && cuts_between > 0);
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_seeding, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
