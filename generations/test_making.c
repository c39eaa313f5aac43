/* Generations made by commands from others. The overlays and their marks are for root alone, in a
 * mount name space of the test's own. */
#include "generations/testing.h"

#include <sys/eventfd.h>
#include <sys/xattr.h>

#include "base/testdata/disk.h"
#include "base/testdata/images.h"
#include "generations/making.h"
#include "generations/store.h"

/* Generation 1 in the store that is the current folder; with a shell in it. */
static void make_first(void)
{
    make_tree("1/tree");
    put("1/generation.json", "{\"format\": 1}");
    must_run("cd 1/tree && mkdir -p bin dev proc run sys tmp && cp "
             "$(command -v busybox) bin && for i in sh rm echo "
             "mkdir mv ln chmod chown cat test ls touch mount setsid sleep mknod; do ln -s busybox "
             "bin/$i; done && mknod node c 1 3 && touch -d '2004-04-04 04:04:04' bin etc .");
    assert_int_equal(setxattr("1/tree/etc/text", "trusted.note", "noted", 5, 0), 0);
    assert_int_equal(setxattr("1/tree/etc/deep", "trusted.note", "deep", 4, 0), 0);
}

/* How far the last one said it was. */
static uint64_t told;

static void tell(struct copy_progress *progress, uint64_t files, uint64_t bytes)
{
    (void)progress, (void)bytes;
    told = files;
}

static int make_by(const char *script, struct error *error)
{
    unsigned number;
    struct making making;
    struct copy_progress progress = {tell};
    const char *const command[] = {"sh", "-ec", script, NULL};
    const struct generation_facts facts = {.parent = 1, .command = command};
    auto_fd volume = open_folder("."), store = -1;
    int code = store_lock(volume, "/", &store, error);
    if (code == 0)
        code = making_begin(store, &facts, &making, error);
    if (code == 0)
        code = making_run(&making, &facts, -1, error);
    if (code == 0)
        code = making_seal(&making, &progress, -1, error);
    making_close(&making);
    if (code == 0)
        return generation_commit(store, &number, error);
    struct error ignored;
    (void)generation_abandon(store, &ignored);
    return code;
}

static void must_make(const char *script)
{
    struct error error = {0};
    assert_outcome(script, make_by(script, &error), &error, NULL);
}

static void assert_no_marks(const char *tree)
{
    must_run(
        "cd %s && ! find . -type c ! -name node -printf '%%p\\n' | grep . && find . > ../names",
        tree);
    auto_string text = output_of("cat 2/names");
    for (char *name = strtok(text, "\n"); name; name = strtok(NULL, "\n")) {
        char path[512], names[512];
        snprintf(path, sizeof(path), "%s/%s", tree, name);
        ssize_t length = llistxattr(path, names, sizeof(names));
        for (const char *at = names; length > 0 && at < names + length; at += strlen(at) + 1)
            if (strncmp(at, "trusted.overlay.", strlen("trusted.overlay.")) == 0)
                fail_msg("\"%s\" has %s", path, at);
    }
}

/* What the command leaves alone is the same file. */
static void test_nothing(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    make_first();
    auto_string before = identity_of("1/tree");
    must_make("true");
    auto_string after = identity_of("1/tree");
    assert_string_equal(after, before);
    must_run("cp -al 1/tree expected");
    assert_same("expected", "2/tree");
    assert_linked("1/tree/etc/big", "2/tree/etc/big", true);
    auto_string files = output_of("find 2/tree ! -type d -printf x | wc -c");
    assert_int_equal(told, strtoul(files, NULL, 10));
    assert_linked("1/tree/a-pipe", "2/tree/a-pipe", true);
    assert_linked("1/tree/etc/link", "2/tree/etc/link2", true);
    char value[8];
    assert_int_equal(getxattr("2/tree/etc/deep", "trusted.note", value, sizeof(value)), 4);
    must_run("test \"$(ls -A 2 | tr '\\n' ' ')\" = 'generation.json tree ' && test ! -e .new &&"
             "grep -q '\"parent\": *1' 2/generation.json");
}

static const char changes[] =
    "echo new > etc/marker; rm etc/dangling; echo changed >> etc/text; rm -r sticky;"
    "rm -r 'with blank'; mkdir 'with blank'; echo over > 'with blank/other';"
    "rm etc/suid; mkdir etc/suid; echo x > etc/suid/x; rm -r empty; echo file > empty;"
    "chmod 0755 private; chown 3:4 etc/big; mv etc/holes etc/moved; mkdir -p a/b; echo 1 > a/b/one;"
    "ln a/b/one a/two; mv etc/deep renamed; ln -s target a/symlink";

/* The tree is as it would be, had the command run in a plain copy; and the old one is as it was. */
static void test_changes(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    make_first();
    must_run("cp -a 1/tree expected && cd expected && umask 022 && %s", changes);
    auto_string before = identity_of("1/tree");
    must_make(changes);
    auto_string after = identity_of("1/tree");
    assert_string_equal(after, before);
    auto_string left =
        output_of("cd expected && find . -printf '%%P %%y %%m %%U:%%G %%l\\n' | LC_ALL=C sort");
    auto_string right =
        output_of("cd 2/tree && find . -printf '%%P %%y %%m %%U:%%G %%l\\n' | LC_ALL=C sort");
    assert_string_equal(right, left);
    must_run(
        "cd expected && ! find . -type f -links 1 -exec cmp {} ../2/tree/{} \\; 2>&1 | grep .");
    assert_no_marks("2/tree");
    assert_linked("2/tree/a/b/one", "2/tree/a/two", true);
    assert_linked("1/tree/etc/nothing", "2/tree/etc/nothing", true);
    assert_linked("1/tree/etc/text", "2/tree/etc/text", false);
    must_run(
        "test \"$(cat 2/tree/private/second)\" = text && test $(stat -c %%s 2/tree/etc/hole) = "
        "5242880 && test \"$(cat 2/tree/etc/text)\" = 'text\nchanged'");
}

/* What the command sees around the tree, and what of that stays. */
static void test_inside(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    make_first();
    must_run("mkdir -p outside/inner 1/tree/inner && echo seen > outside/x &&"
             "mount --bind outside 1/tree/inner");
    must_run("rmdir 1/tree/tmp 1/tree/proc");
    must_make("test $$ -lt 20; test -c /dev/null; test -d /sys/class; test -r /proc/self/status;"
              "! test -e /inner/x; echo gone > /run/x; echo gone > /tmp/x; echo 1 > /inner/kept;"
              "! test -s /etc/resolv.conf || cat /etc/resolv.conf > /resolver;"
              "setsid sleep 1000 >/dev/null 2>&1 & test ${TMPDIR-none} = none");
    must_run("cd 2/tree && test \"$(ls -A run tmp proc sys dev | tr -d '\\n')\" = "
             "'dev:proc:run:sys:tmp:' && test -f inner/kept && test ! -e etc/resolv.conf &&"
             "test ! -e ../../outside/kept && ! pgrep -f '[s]leep 1000' &&"
             "{ ! test -s /etc/resolv.conf || cmp resolver /etc/resolv.conf; }");
    must_run("rm -r 2 && ln -s ../run/some/resolv.conf 1/tree/etc/resolv.conf");
    must_make("! test -s /run/some/resolv.conf || cat /etc/resolv.conf > /resolver");
    must_run("cd 2/tree && test \"$(readlink etc/resolv.conf)\" = ../run/some/resolv.conf &&"
             "{ ! test -s /etc/resolv.conf || cmp resolver /etc/resolv.conf; }");
    must_run("umount 1/tree/inner");
}

/* The tree's own /etc/resolv.conf before the command, what that does to it, and what is there then.
 */
static void test_resolver(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *scene, *script, *check;
    } cases[] = {
        {"ln -s /opt/resolv.conf $own", "test -s /etc/resolv.conf",
         "test -L $own && test ! -e 2/tree/opt"},
        {"echo own > $own", "test -s /etc/resolv.conf", "echo own | cmp - $own"},
        {"echo own > $own", "echo mine > /etc/resolv.conf", "echo mine | cmp - $own"},
        {"true $own", "echo mine > /etc/resolv.conf", "echo mine | cmp - $own"},
        {"echo own > $own", "rm /etc/resolv.conf", "test ! -e $own"},
        {"echo own > $own", "mv /etc/resolv.conf /etc/old; ln -s ../run/x /etc/resolv.conf",
         "test \"$(readlink $own)\" = ../run/x"},
        {"ln -s ../run/x/y $own", "test -s /run/x/y; rm /etc/resolv.conf", "test ! -L $own"},
        {"ln -s /run/x/y $own", "echo mine > /etc/resolv.conf",
         "test \"$(readlink $own)\" = /run/x/y"},
    };
    need_overlay();
    if (access("/etc/resolv.conf", F_OK) < 0)
        skip_because("this machine resolves no names");
    make_first();
    must_run("cp /etc/resolv.conf before");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        must_run("rm -rf 2 1/tree/etc/resolv.conf");
        must_run("own=1/tree/etc/resolv.conf; %s", cases[i].scene);
        must_make(cases[i].script);
        must_run("own=2/tree/etc/resolv.conf; %s", cases[i].check);
        must_run("cmp before /etc/resolv.conf && test ! -e 2/tree/etc/.resolv.conf.ebb");
    }
}

static void test_failures(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *script, *message;
    } cases[] = {
        {"echo x > /x; exit 3", "\"sh\" failed with the exit status 3"},
        {"kill -9 $$", "\"sh\" failed with the exit status 137"},
    };
    need_overlay();
    make_first();
    auto_string before = identity_of("1/tree");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        assert_outcome(cases[i].script, make_by(cases[i].script, &error), &error, cases[i].message);
        must_run("test \"$(ls -A)\" = 1");
    }
    struct error error = {0};
    must_run("rm 1/tree/bin/sh && ln -s nothing 1/tree/bin/sh");
    assert_outcome("no shell", make_by("true", &error), &error,
                   "cannot run \"sh\" in the tree: No such file or directory");
    must_run("rm 1/tree/bin/sh && ln -s busybox 1/tree/bin/sh && rm -rf 1/tree/x &&"
             "touch -d '2004-04-04 04:04:04' 1/tree/bin");
}

/* A person who changes their mind while the command runs, or while the tree is made whole. */
static void test_interrupt(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    make_first();
    struct error error = {0};
    struct making making;
    const char *const command[] = {"sleep", "1000", NULL}, *const none[] = {"true", NULL};
    const struct generation_facts facts = {.parent = 1, .command = command},
                                  quick = {.parent = 1, .command = none};
    auto_fd volume = open_folder("."), store = -1, stop = eventfd(1, EFD_CLOEXEC);
    assert_outcome("lock", store_lock(volume, "/", &store, &error), &error, NULL);
    assert_outcome("begin", making_begin(store, &facts, &making, &error), &error, NULL);
    assert_outcome("run", making_run(&making, &facts, stop, &error), &error, "it was interrupted");
    making_close(&making);
    assert_outcome("abandon", generation_abandon(store, &error), &error, NULL);
    must_run("ln -s busybox 1/tree/bin/true");
    assert_outcome("begin", making_begin(store, &quick, &making, &error), &error, NULL);
    assert_outcome("run", making_run(&making, &quick, -1, &error), &error, NULL);
    assert_outcome("seal", making_seal(&making, NULL, stop, &error), &error, "it was interrupted");
    making_close(&making);
    assert_outcome("abandon", generation_abandon(store, &error), &error, NULL);
    must_run("test \"$(ls -A)\" = 1");
}

/* The old one is not locked, and can be deleted. */
static void test_snapshot(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    enter_disk("btrfs");
    must_run("mkdir 1 && PATH=$PATH:/usr/sbin:/sbin && btrfs -q subvolume create 1/tree");
    make_first();
    auto_string before = identity_of("1/tree");
    must_make("echo new > etc/marker; echo changed >> etc/text; rm a-pipe");
    auto_string after = identity_of("1/tree");
    assert_string_equal(after, before);
    must_run("test $(stat -c %%i 2/tree) = 256 && test \"$(cat 2/tree/etc/marker)\" = new &&"
             "test \"$(cat 2/tree/private/second)\" = 'text\nchanged' && test ! -e 2/tree/a-pipe &&"
             "cmp 1/tree/etc/big 2/tree/etc/big && test \"$(ls 2 | tr '\\n' ' ')\" = "
             "'generation.json tree '");
    struct error error;
    assert_int_equal(make_by("exit 1", &error), -ECANCELED);
    must_run("test \"$(ls -A | tr '\\n' ' ')\" = '1 2 '");
    auto_fd volume = open_folder("."), store = -1;
    assert_outcome("lock", store_lock(volume, "/", &store, &error), &error, NULL);
    assert_outcome("delete", generation_delete(store, 1, &error), &error, NULL);
    must_run("test \"$(ls -A)\" = 2 && test \"$(cat 2/tree/etc/marker)\" = new");
    memory_close_fd(&store);
    memory_close_fd(&volume);
    store = volume = -1;
    leave_disk();
}

/* What may have no other name is copied. */
static void test_immutable(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    enter_disk("ext4");
    make_first();
    if (!succeeds("chattr +i 1/tree/etc/big 2>/dev/null")) {
        leave_disk();
        skip_because("there is no chattr");
    }
    auto_string before = identity_of("1/tree");
    must_make("echo new > etc/marker");
    auto_string after = identity_of("1/tree");
    assert_string_equal(after, before);
    must_run("chattr -i 1/tree/etc/big");
    assert_linked("1/tree/etc/big", "2/tree/etc/big", false);
    assert_linked("1/tree/etc/nothing", "2/tree/etc/nothing", true);
    must_run("cmp 1/tree/etc/big 2/tree/etc/big");
    leave_disk();
}

/* The new tree is a folder, and the command may change all of it. */
static void test_image(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    need_loop();
    struct error error = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(image_types); i++) {
        make_first();
        must_run("rm 1/tree/000* 1/tree/a-pipe"); /* mkfs.erofs 1.5 fails on a name of 255 */
        make_images("1/tree", "1/image");
        must_run("mv 1/image.%s 1/tree.%s && rm 1/image.* && mv 1/tree old", image_types[i],
                 image_types[i]);
        must_make("echo changed >> etc/text; echo new > etc/marker");
        /* diff looks at the times of devices, and a small inode of erofs has none of its own. */
        must_run("echo changed >> old/etc/text && echo new > old/etc/marker &&"
                 "diff -r --no-dereference -x node old 2/tree && test -c 2/tree/node &&"
                 "test $(stat -c %%t:%%T 2/tree/node) = 1:3 && test \"$(ls -A 2 | tr '\n' ' ')\" = "
                 "'generation.json tree '");
        must_run("rm -r old 2 && head -c 1500 1/tree.%s > half && mv half 1/tree.%s",
                 image_types[i], image_types[i]);
        assert_int_equal(make_by("true", &error), -EBADMSG);
        assert_non_null(strstr(error.text, "generation 1: its image: it "));
        must_run("test \"$(ls -A)\" = 1 && rm -r 1");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing),  TEST(test_changes),   TEST(test_inside),
        TEST(test_resolver), TEST(test_failures),  TEST(test_interrupt),
        TEST(test_snapshot), TEST(test_immutable), TEST(test_image),
    };
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
