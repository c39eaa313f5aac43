#include "base/testdata/tree.h"

#include <sys/xattr.h>

#include "base/copy.h"

static int refresh_folders(const char *from, const char *to, struct error *error)
{
    auto_fd source = open_folder(from), target = open_folder(to);
    return copy_refresh(source, target, NULL, error);
}

/* `least` things were different, and then nothing is. */
static void assert_refreshed(const char *what, int least)
{
    struct error error;
    int different = refresh_folders("tree", "copy", &error);
    if (different < least || (least == 0 && different != 0))
        fail_msg("%s: %d, \"%s\"", what, different, different < 0 ? error.text : "");
    assert_same("tree", "copy");
    assert_int_equal(refresh_folders("tree", "copy", &error), 0);
}

static void copy_first(void)
{
    struct error error;
    must_run("rm -rf tree copy && mkdir copy");
    make_tree("tree");
    auto_fd source = open_folder("tree"), target = open_folder("copy");
    assert_outcome("copy", copy_live_tree(source, target, NULL, &error), &error, NULL);
}

static const struct {
    const char *change;
    int least;
} changes[] = {
    {"true", 0},
    {"touch private", 0},
    {"echo more >> etc/text", 1},
    {"echo TEXT > etc/suid; touch -d '2004-04-04 04:04:04' etc/suid; echo x > new", 1},
    {"chmod 0600 etc/big", 1},
    {"chmod 0711 private", 1},
    {"touch etc/big", 1},
    {"truncate -s 1M etc/hole", 1},
    {"rm etc/text", 1},
    {"rm -r etc", 1},
    {"rm -r etc; echo file > etc", 1},
    {"rm etc/big; mkdir etc/big; echo x > etc/big/x", 2},
    {"rm etc/big; ln -s text etc/big", 1},
    {"ln -sfn other etc/dangling", 1},
    {"rm a-pipe; echo > a-pipe", 1},
    {"rm etc/nothing; mkfifo etc/nothing", 1},
    {"mkdir -p new/deep; echo x > new/deep/x; chmod 2750 new", 3},
    {"mv etc/deep moved", 2},
    {"ln etc/big private/big", 1},
    {"ln etc/suid etc/text2; ln -f etc/suid etc/text", 2},
    {"cp -a etc/text t; mv t etc/text", 1},
    {"mv etc/text t; mv etc/big etc/text; mv t etc/big", 2},
};

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        copy_first();
        must_run("cd tree && %s", changes[i].change);
        assert_refreshed(changes[i].change, changes[i].least);
    }
}

/* And the other way: the copy is what is not as it was. */
static void test_other_copy(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        copy_first();
        must_run("cd copy && %s", changes[i].change);
        assert_refreshed(changes[i].change, changes[i].least > 0);
    }
}

/* What was left alone is the very file that was there. */
static void test_left_alone(void **state)
{
    (void)state;
    copy_first();
    struct stat before, after;
    assert_int_equal(stat("copy/etc/big", &before), 0);
    must_run("echo more >> tree/etc/suid");
    assert_refreshed("one file", 1);
    assert_linked("copy/etc/link", "copy/etc/link2", true);
    assert_int_equal(stat("copy/etc/big", &after), 0);
    assert_true(before.st_ino == after.st_ino && before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
                before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
}

/* One file of the copy must not stay for two of the source. */
static void test_links_that_parted(void **state)
{
    (void)state;
    static const char *const groups[][2] = {
        {"one; ln one two; echo > three; ln three four",
         "one; ln one three; echo > two; ln two four"},
        {"one; ln one two; echo > three", "one; ln one three; echo > two"},
        {"one; echo > two; echo > three", "one; ln one two; ln one three"},
        {"one; ln one two; ln one three", "one; echo > two; echo > three"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++) {
        must_run("rm -rf tree copy && mkdir tree copy && (cd tree && echo > %s) &&"
                 "(cd copy && echo > %s) && touch -d @1 tree/* copy/*",
                 groups[i][0], groups[i][1]);
        assert_refreshed(groups[i][0], 1);
        must_run("cd tree && for i in *; do for j in *; do "
                 "if test $i -ef $j; then test ../copy/$i -ef ../copy/$j; "
                 "else ! test ../copy/$i -ef ../copy/$j; fi || exit 1; done; done");
    }
}

static void test_attributes(void **state)
{
    (void)state;
    /* user::rwx user:0:r-x group::r-x mask::rwx other::--- */
    static const uint16_t acl[] = {2,      0,      1,    7, 0xffff, 0xffff, 2,    5,
                                   0,      0,      4,    5, 0xffff, 0xffff, 0x10, 7,
                                   0xffff, 0xffff, 0x20, 0, 0xffff, 0xffff};
    static const char by_default[] = "system.posix_acl_default";
    copy_first();
    if (setxattr("tree/etc/big", "user.note", "a", 1, 0) < 0 ||
        setxattr("tree/etc/deep", by_default, acl, sizeof(acl), 0) < 0)
        skip_because("this file system has no extended attributes or no ACLs");
    assert_refreshed("new", 2);
    assert_int_equal(getxattr("copy/etc/big", "user.note", NULL, 0), 1);
    assert_int_equal(getxattr("copy/etc/deep", by_default, NULL, 0), sizeof(acl));
    assert_int_equal(setxattr("tree/etc/big", "user.note", "b", 1, 0), 0);
    assert_refreshed("changed", 1);

    /* What comes into the folder of the copy has no more of an ACL than in the source. */
    must_run("mkdir tree/etc/came && echo > tree/etc/came/x && mv tree/etc/came tree/etc/deep/");
    assert_refreshed("came", 2);
    assert_int_equal(getxattr("copy/etc/deep/came", by_default, NULL, 0), -1);
    assert_int_equal(getxattr("copy/etc/deep/came/x", "system.posix_acl_access", NULL, 0), -1);

    assert_int_equal(removexattr("tree/etc/big", "user.note"), 0);
    assert_int_equal(removexattr("tree/etc/deep", by_default), 0);
    assert_refreshed("removed", 2);
    assert_int_equal(getxattr("copy/etc/big", "user.note", NULL, 0), -1);
    assert_int_equal(getxattr("copy/etc/deep", by_default, NULL, 0), -1);
}

/* A mount point is an empty folder, whatever was copied before the mount came. */
static void test_mount_point(void **state)
{
    (void)state;
    need_namespace();
    copy_first();
    assert_int_equal(mount("inner", "tree/etc/deep", "tmpfs", 0, NULL), 0);
    must_run("mkdir tree/etc/deep/er && echo x > tree/etc/deep/file");
    struct error error;
    assert_true(refresh_folders("tree", "copy", &error) > 0);
    must_run("test -d copy/etc/deep && test -z \"$(ls -A copy/etc/deep)\" && test -d copy/etc");
    assert_int_equal(refresh_folders("tree", "copy", &error), 0);
}

/* Links of the copy are not followed out of it. */
static void test_planted(void **state)
{
    (void)state;
    copy_first();
    must_run("mkdir -p outside/deep && echo kept > outside/text && rm -r copy/etc &&"
             "ln -s ../outside copy/etc && ln -sf ../outside/text copy/new && echo x > tree/new");
    assert_refreshed("planted", 1);
    must_run("test \"$(find outside | wc -l)\" = 3 && test $(cat outside/text) = kept");
}

/* Does something to the source while it is copied. */
struct meddler {
    struct copy_progress progress;
    const char *command;
    uint64_t files, bytes, calls;
};

static void meddle(struct copy_progress *progress, uint64_t files, uint64_t bytes)
{
    struct meddler *meddler = (struct meddler *)progress;
    assert_true(files >= meddler->files && bytes >= meddler->bytes);
    meddler->files = files;
    meddler->bytes = bytes;
    if (meddler->calls++ == 0 && meddler->command)
        must_run("%s", meddler->command);
}

/* Many of each kind, listed already when they go or become another thing. */
static void test_vanishing(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "rm -r tree/*",
        "rm -r tree/*; mkdir tree/f1 tree/f2 tree/f3 tree/l1 tree/l2 tree/l3",
        "rm -r tree/*; for i in 1 2 3; do ln -s x tree/f$i; ln -s x tree/d$i; mkfifo tree/l$i;"
        "done",
        "rm -r tree/*; for i in 1 2 3; do mkfifo tree/f$i; echo > tree/d$i; echo > tree/l$i; done",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        struct error error;
        struct meddler meddler = {.progress.tell = meddle, .command = commands[i]};
        must_run("rm -rf tree copy && mkdir tree copy && cd tree && for i in 1 2 3; do "
                 "echo > f$i; mkdir d$i; echo > d$i/x; ln -s x l$i; done; ln l1 m1; ln f1 g1");
        auto_fd source = open_folder("tree"), target = open_folder("copy");
        int code = copy_live_tree(source, target, &meddler.progress, &error);
        assert_outcome(commands[i], code, &error, NULL);
        assert_refreshed(commands[i], 1);

        must_run("rm -rf copy/* tree/* && for i in 1 2 3; do echo > tree/f$i; done");
        meddler = (struct meddler){.progress.tell = meddle, .command = commands[i]};
        assert_true(copy_refresh(source, target, &meddler.progress, &error) > 0);
        assert_refreshed(commands[i], i > 0);
    }
}

static void test_progress(void **state)
{
    (void)state;
    struct error error;
    struct meddler meddler = {.progress.tell = meddle};
    must_run("mkdir -p tree/folder copy && head -c 20000000 /dev/zero > tree/large &&"
             "echo > tree/folder/small && ln -s x tree/link && truncate -s 1G tree/hole");
    auto_fd source = open_folder("tree"), target = open_folder("copy");
    assert_outcome("copy", copy_live_tree(source, target, &meddler.progress, &error), &error, NULL);
    assert_int_equal(meddler.files, 4);
    assert_int_equal(meddler.bytes, 20000000 + 1 + (1 << 30));
    assert_true(meddler.calls >= 4 + 2);
    meddler = (struct meddler){.progress.tell = meddle};
    assert_int_equal(copy_refresh(source, target, &meddler.progress, &error), 0);
    assert_int_equal(meddler.files, 4);
    assert_int_equal(meddler.calls, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_changes),    TEST(test_other_copy),        TEST(test_left_alone),
        TEST(test_attributes), TEST(test_links_that_parted), TEST(test_mount_point),
        TEST(test_planted),    TEST(test_vanishing),         TEST(test_progress),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
