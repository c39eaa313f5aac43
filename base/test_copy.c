#include "base/testdata/tree.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/copy.h"

static int copy_folders(const char *from, const char *to, struct error *error)
{
    auto_fd source = open_folder(from), target = open_folder(to);
    return copy_tree(source, target, error);
}

static void copy_everything(void)
{
    struct error error;
    make_tree("tree");
    assert_outcome("copy", copy_folders("tree", "copy", &error), &error, NULL);
    assert_same("tree", "copy");
    assert_linked("copy/etc/text", "copy/private/second", true);
    assert_linked("copy/etc/text", "copy/etc/deep/er/third", true);
    assert_linked("copy/etc/link", "copy/etc/link2", true);
    assert_linked("copy/etc/text", "tree/etc/text", false);
    assert_linked("copy/etc/text", "copy/etc/suid", false);
    must_run(
        "test $(stat -c %%b copy/etc/hole) = 0 && test $(stat -c %%b copy/etc/holes) -lt 1024");
}

static void test_tree(void **state)
{
    (void)state;
    must_run("mkdir -m 0700 copy");
    copy_everything();
}

/* Between two file systems the kernel does not copy ranges. */
static void test_tree_across(void **state)
{
    (void)state;
    need_namespace();
    must_run("mkdir copy");
    assert_int_equal(mount("copy", "copy", "tmpfs", 0, NULL), 0);
    copy_everything();
}

static void test_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"etc", NULL},    {"empty", NULL},
        {"a-pipe", NULL}, {"with blank", NULL},
        {"link", NULL},   {"dangling", NULL},
        {"file", NULL},   {"nonesuch", "cannot look at \"nonesuch\": No such file or directory"},
    };
    make_tree("tree");
    must_run("cd tree && ln -s etc link && ln -s nonesuch dangling && echo file > file &&"
             "touch -d '2005-05-05 05:05:05' file");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        must_run("rm -rf copy one && mkdir copy one && touch -d 1999-01-01 copy one");
        auto_fd source = open_folder("tree"), target = open_folder("copy");
        int code = copy_named(source, target, cases[i].name, &error);
        assert_outcome(cases[i].name, code, &error, cases[i].message);
        if (code < 0)
            continue;
        must_run("cp -a 'tree/%s' one && touch -d 1999-01-01 one copy &&"
                 "test $(ls -A copy | wc -l) = 1",
                 cases[i].name);
        assert_same("one", "copy"); /* cp(1) does the same */
    }
}

static void test_merge(void **state)
{
    (void)state;
    struct error error;
    make_tree("tree");
    must_run("mkdir -p copy/etc/deep/kept && echo kept > copy/etc/kept && chmod 0711 copy/etc &&"
             "mkdir copy/other");
    assert_outcome("merge", copy_folders("tree", "copy", &error), &error, NULL);
    assert_content("copy/etc/kept", "kept\n");
    assert_content("copy/etc/text", "text\n");
    must_run("test -d copy/etc/deep/kept && test -d copy/other && rm -r copy/etc/deep/kept "
             "copy/etc/kept copy/other && touch -r tree/etc copy/etc && touch -r tree copy &&"
             "touch -r tree/etc/deep copy/etc/deep");
    assert_same("tree", "copy");
}

static void test_in_the_way(void **state)
{
    (void)state;
    static const struct {
        const char *source, *target, *message;
    } cases[] = {
        {"echo > a", "echo old > a", "cannot make \"a\": File exists"},
        {"echo > a", "ln -s ../secret a", "cannot make \"a\": File exists"},
        {"echo > a", "ln -s ../new a", "cannot make \"a\": File exists"},
        {"echo > a", "mkdir a", "cannot make \"a\": File exists"},
        {"ln -s x a", "echo old > a", "cannot make the link \"a\": File exists"},
        {"ln -s x a", "mkdir a", "cannot make the link \"a\": File exists"},
        {"mkfifo a", "echo old > a", "cannot make the node \"a\": File exists"},
        {"mkdir a", "echo old > a", "cannot make the folder \"a\": File exists"},
        {"mkdir a", "ln -s ../outside a", "cannot make the folder \"a\": File exists"},
        {"mkdir -p b/a; echo > b/a/x", "mkdir b; ln -s ../../outside b/a",
         "cannot make the folder \"b/a\": File exists"},
        {"mkdir b; echo > b/a", "mkdir b; echo > b/a", "cannot make \"b/a\": File exists"},
        {"mkdir b; echo > b/a; ln b/a b/c", "mkdir b; echo old > b/c", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        must_run(
            "rm -rf tree copy outside new && mkdir tree copy outside && echo secret > secret &&"
            "(cd tree && %s) && (cd copy && %s) && cp -a copy before",
            cases[i].source, cases[i].target);
        int code = copy_folders("tree", "copy", &error);
        if (cases[i].message)
            assert_outcome(cases[i].source, code, &error, cases[i].message);
        assert_true(code < 0);
        /* Nothing was written over or through what was there. */
        must_run("test ! -e new && test $(cat secret) = secret && test -z \"$(ls -A outside)\" &&"
                 "test \"$(cat copy/b/c copy/a 2>&1)\" = \"$(cat before/b/c before/a 2>&1 |"
                 "sed s/before/copy/)\" && rm -rf before");
    }
}

/* A mount point inside the source is copied as an empty folder. */
static void test_mount_point(void **state)
{
    (void)state;
    need_namespace();
    struct error error;
    must_run("mkdir -p tree/a/mounted tree/b copy && echo x > tree/b/x");
    assert_int_equal(mount("inner", "tree/a/mounted", "tmpfs", 0, NULL), 0);
    put("tree/a/mounted/file", "of another file system");
    assert_outcome("copy", copy_folders("tree", "copy", &error), &error, NULL);
    must_run("test -d copy/a/mounted && test -z \"$(ls -A copy/a/mounted)\" && test -f copy/b/x");
}

static void test_attributes(void **state)
{
    (void)state;
    static const char note[] = "a\0b", other[] = "second";
    /* user::rw- user:0:r-- group::r-- mask::rw- other::--- */
    static const uint16_t acl[] = {2,      0,      1,    6, 0xffff, 0xffff, 2,    4,
                                   0,      0,      4,    4, 0xffff, 0xffff, 0x10, 6,
                                   0xffff, 0xffff, 0x20, 0, 0xffff, 0xffff};
    char found[100];
    struct error error;
    must_run("mkdir -p tree/folder copy && echo x > tree/file && chmod 0440 tree/file");
    if (setxattr("tree/file", "user.note", note, sizeof(note), 0) < 0 ||
        setxattr("tree/folder", "user.other", other, sizeof(other), 0) < 0 ||
        setxattr("tree", "user.other", other, sizeof(other), 0) < 0)
        skip_because("this file system has no extended attributes");
    assert_int_equal(setxattr("tree/file", "user.empty", "", 0, 0), 0);
    bool acls = setxattr("tree/file", "system.posix_acl_access", acl, sizeof(acl), 0) == 0;
    if (acls)
        assert_int_equal(setxattr("tree/folder", "system.posix_acl_default", acl, sizeof(acl), 0),
                         0);
    assert_outcome("copy", copy_folders("tree", "copy", &error), &error, NULL);
    assert_int_equal(getxattr("copy/file", "user.note", found, sizeof(found)), sizeof(note));
    assert_memory_equal(found, note, sizeof(note));
    assert_int_equal(getxattr("copy/file", "user.empty", found, sizeof(found)), 0);
    assert_int_equal(getxattr("copy/folder", "user.other", found, sizeof(found)), sizeof(other));
    assert_int_equal(getxattr("copy", "user.other", found, sizeof(found)), sizeof(other));
    assert_same("tree", "copy");
    if (!acls)
        skip_because("this file system has no ACLs");
    assert_int_equal(getxattr("copy/file", "system.posix_acl_access", found, sizeof(found)),
                     sizeof(acl));
    assert_memory_equal(found, acl, sizeof(acl));
    assert_int_equal(getxattr("copy/folder", "system.posix_acl_default", found, sizeof(found)),
                     sizeof(acl));
}

/* A character device 0:0 is the one that everybody may make. */
static void test_nodes(void **state)
{
    (void)state;
    struct error error;
    struct stat status;
    must_run("mkdir tree copy");
    assert_int_equal(mknod("tree/a-socket", S_IFSOCK | 0700, 0), 0);
    if (mknod("tree/a-whiteout", S_IFCHR | 0600, makedev(0, 0)) < 0)
        skip_because("no device can be made here");
    must_run("touch -d '2001-01-01' tree/*");
    assert_outcome("copy", copy_folders("tree", "copy", &error), &error, NULL);
    assert_same("tree", "copy");
    assert_true(stat("copy/a-whiteout", &status) == 0 && S_ISCHR(status.st_mode));
    assert_true(stat("copy/a-socket", &status) == 0 && S_ISSOCK(status.st_mode));
}

/* Which file did not fit, whether it ended at a page or between two. */
static void test_full(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *source, *options, *message;
    } cases[] = {
        {"mkdir etc; head -c 100000 /dev/zero > etc/big", "size=64k",
         "cannot write \"etc/big\": No space left on device"},
        {"mkdir etc; head -c 1000 /dev/zero > etc/small; head -c 65536 /dev/zero > etc/big; rm "
         "etc/small",
         "size=32k", "cannot write \"etc/big\": No space left on device"},
        {"mkdir etc; echo > etc/one", "nr_inodes=2",
         "cannot make \"etc/one\": No space left on device"},
        {"mkdir etc", "nr_inodes=1", "cannot make the folder \"etc\": No space left on device"},
        {"ln -s x link", "nr_inodes=1", "cannot make the link \"link\": No space left on device"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        must_run("rm -rf tree && mkdir -p tree copy && cd tree && %s", cases[i].source);
        assert_int_equal(mount("small", "copy", "tmpfs", 0, cases[i].options), 0);
        assert_outcome(cases[i].source, copy_folders("tree", "copy", &error), &error,
                       cases[i].message);
        assert_int_equal(error.code, ENOSPC); /* callers know a remedy for it */
        assert_int_equal(umount("copy"), 0);
    }
}

static void test_read_only(void **state)
{
    (void)state;
    need_namespace();
    struct error error;
    must_run("mkdir tree copy");
    assert_int_equal(mount("copy", "copy", "tmpfs", MS_RDONLY, NULL), 0);
    assert_outcome("empty", copy_folders("tree", "copy", &error), &error,
                   "cannot give the owner to \".\": Read-only file system");
    must_run("echo > tree/file");
    assert_outcome("file", copy_folders("tree", "copy", &error), &error,
                   "cannot make \"file\": Read-only file system");
}

/* Deeper than a path may be: refused in words, not copied in part without a word. */
static void test_deep(void **state)
{
    (void)state;
    struct error error;
    must_run("mkdir tree copy && cd tree && i=0 && name=$(printf %%0250d 0) && "
             "while [ $i -lt 17 ]; do mkdir $name && cd -P $name && i=$((i + 1)); done");
    assert_int_equal(copy_folders("tree", "copy", &error), -ENAMETOOLONG);
    assert_contains(error.text, "cannot copy below \"0000");
}

static const char into_itself[] =
    "the tree contains the place it is copied to; copy it to another volume";

/* A copy into itself would go on until the disk is full. */
static void test_into_itself(void **state)
{
    (void)state;
    static const char *const targets[] = {"tree", "tree/copy", "tree/a/b/copy"};
    for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
        struct error error;
        must_run("rm -rf tree && mkdir -p tree/a/b %s && echo x > tree/a/file", targets[i]);
        int code = copy_folders("tree", targets[i], &error);
        assert_outcome(targets[i], code, &error, into_itself);
        assert_int_equal(code, -EINVAL);
        must_run("test ! -e %s/copy", targets[i]); /* met at once, not one level deeper */
        auto_fd here = open_folder("."), target = open_folder(targets[i]);
        assert_outcome(targets[i], copy_named(here, target, "tree", &error), &error, into_itself);
    }
}

/* What the walk does not enter does not matter: the root is copied to a volume mounted in it. */
static void test_onto_a_mount_point(void **state)
{
    (void)state;
    need_namespace();
    struct error error;
    must_run("mkdir -p tree/mnt && echo x > tree/file");
    assert_int_equal(mount("volume", "tree/mnt", "tmpfs", 0, NULL), 0);
    auto_fd source = open_folder("tree"), target = open_folder("tree/mnt");
    assert_outcome("check", copy_check(source, target, &error), &error, NULL);
    assert_outcome("copy", copy_tree(source, target, &error), &error, NULL);
    must_run("test -f tree/mnt/file && test -z \"$(ls -A tree/mnt/mnt)\"");
}

/* Another mount of the same file system is none of the tree either. */
static void test_bind(void **state)
{
    (void)state;
    need_namespace();
    struct error error;
    must_run("mkdir -p tree/mnt other copy && echo x > other/file");
    assert_int_equal(mount("other", "tree/mnt", NULL, MS_BIND, NULL), 0);
    assert_outcome("copy", copy_folders("tree", "copy", &error), &error, NULL);
    must_run("test -d copy/mnt && test -z \"$(ls -A copy/mnt)\"");
}

static enum copy_part choose(const struct copy_choice *choice, const char *path)
{
    (void)choice;
    return strcmp(path, "etc/deep") == 0  ? COPY_FOLDER
           : strcmp(path, "etc/big") == 0 ? COPY_NOTHING
           : strcmp(path, "private") == 0 ? COPY_NOTHING
                                          : COPY_WHOLE;
}

static void test_part(void **state)
{
    (void)state;
    struct error error;
    const struct copy_choice choice = {choose};
    struct copy_size whole, part, copied;
    make_tree("tree");
    must_run("mkdir copy && cp -a tree left && rm -r left/etc/big left/private left/etc/deep/* &&"
             "touch -r tree left && touch -r tree/etc left/etc && "
             "touch -r tree/etc/deep left/etc/deep");
    auto_fd source = open_folder("tree"), target = open_folder("copy");
    assert_outcome("copy", copy_live_part(source, target, &choice, NULL, &error), &error, NULL);
    assert_same("left", "copy");
    must_run("echo more > copy/etc/deep/more && echo new > tree/etc/new");
    assert_int_equal(copy_refresh_part(source, target, &choice, NULL, &error), 2);
    must_run("rm tree/etc/new copy/etc/new && touch -r left/etc tree/etc copy/etc");
    assert_same("left", "copy");
    copy_measure(source, NULL, &whole);
    copy_measure(source, &choice, &part);
    copy_measure(target, NULL, &copied);
    assert_int_equal(part.files, copied.files);
    assert_int_equal(part.bytes, copied.bytes);
    assert_int_equal(part.room, copied.room);
    assert_true(whole.files > part.files && whole.bytes >= part.bytes + 300000);
    assert_true(whole.room < 1 << 20); /* holes take none, and names of one file take it once */
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *source, *target;
        bool inside;
    } cases[] = {
        {"tree", "tree", true},     {"tree", "tree/a", true},  {"tree", "tree/a/b", true},
        {"tree/a", "tree/a", true}, {"tree/a", "tree", false}, {"tree/a", "tree/c", false},
        {"tree", "trees", false},   {".", "trees", true},      {"tree", "link", true},
    };
    must_run("mkdir -p tree/a/b tree/c trees && ln -s tree/a link");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        auto_fd source = open_folder(cases[i].source), target = open_folder(cases[i].target);
        assert_outcome(cases[i].target, copy_check(source, target, &error), &error,
                       cases[i].inside ? into_itself : NULL);
    }
}

static void test_open_file(void **state)
{
    (void)state;
    struct error error = {0};
    must_run("head -c 100000 /dev/urandom > a && truncate -s 1M a && chmod 4750 a &&"
             "touch -d @7 a && : > b");
    auto_fd from = open("a", O_RDONLY | O_CLOEXEC), to = open("b", O_WRONLY | O_CLOEXEC);
    assert_outcome("copy", copy_open_file(from, to, &error), &error, NULL);
    must_run("cmp a b && test $(stat -c %%a:%%Y b) = 4750:7");
    auto_fd full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(copy_open_file(from, full, &error) < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tree),
        TEST(test_tree_across),
        TEST(test_named),
        TEST(test_merge),
        TEST(test_in_the_way),
        TEST(test_mount_point),
        TEST(test_attributes),
        TEST(test_nodes),
        TEST(test_full),
        TEST(test_read_only),
        TEST(test_deep),
        TEST(test_into_itself),
        TEST(test_onto_a_mount_point),
        TEST(test_bind),
        TEST(test_part),
        TEST(test_check),
        TEST(test_open_file),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
