#include "persist/testing.h"

#include <limits.h>

/* What is bound is the thing on the volume, with its own mode, and writing reaches the volume. */
static void test_bind(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"a new folder", "dir /var/log mode=02750", "true", NULL,
         "test $(stat -c %a:%u:%g:%F state/persist/var/log | tr ' ' -) = 2750:0:0:directory &&"
         "echo x > root/var/log/x && test $(cat state/persist/var/log/x) = x &&"
         "mountpoint -q root/var/log && test $(stat -c %a state/persist/var) = 755 &&"
         "test $(stat -c %a root/var) = 755"},
        {"a new file", "file /etc/adjtime mode=0600", "true", NULL,
         "test \"$(stat -c %a:%u:%g:%F state/persist/etc/adjtime)\" = '600:0:0:regular empty file' "
         "&&echo x > root/etc/adjtime && test $(cat state/persist/etc/adjtime) = x &&"
         "test $(stat -c %d root/etc/adjtime) = $(stat -c %d state)"},
        {"modes that were not given", "dir /a; file /b", "umask 077", NULL,
         "test $(stat -c %a state/persist/a)-$(stat -c %a state/persist/b) = 755-644"},
        {"an unusual mode", "dir /a mode=0000; dir /tmp2 mode=1777; file /f mode=4711", "true",
         NULL,
         "test $(stat -c %a state/persist/a) = 0 && test $(stat -c %a root/tmp2) = 1777 &&"
         "test $(stat -c %a root/f) = 4711"},
        {"an old folder is left as it is", "dir /a",
         "mkdir -p -m 0751 state/persist/a && echo old > state/persist/a/old", NULL,
         "test $(cat root/a/old) = old && test $(stat -c %a root/a) = 751"},
        {"an old file is left as it is", "file /a",
         "mkdir state/persist && echo old > state/persist/a && chmod 0604 state/persist/a", NULL,
         "test $(cat root/a) = old && test $(stat -c %a root/a) = 604"},
        {"what the generation has there is covered", "dir /etc/ssh; file /etc/hosts",
         "mkdir -p root/etc/ssh && echo generation | tee root/etc/ssh/key > root/etc/hosts", NULL,
         "test ! -e root/etc/ssh/key && test ! -s root/etc/hosts &&"
         "umount root/etc/ssh root/etc/hosts && test $(cat root/etc/hosts) = generation &&"
         "test -f root/etc/ssh/key &&"
         "test $(grep -c 'what is kept covers what the generation has at' log) = 2"},
        {"a store at the top of its volume", "}\npersist data:/ {\ndir /a", "true", NULL,
         "test -d data/a && mountpoint -q root/a"},
        {"a folder of the volume has a closed mode", "dir /a/b", "mkdir -p -m 0700 state/persist/a",
         NULL, "test $(stat -c %a state/persist/a) = 700 && mountpoint -q root/a/b"},
        {"a folder above it, left of the reset", "dir /home/alice/.ssh mode=0700", "true", NULL,
         "test $(stat -c %a state/persist/home/alice/.ssh) = 700 &&"
         "test $(stat -c %a root/home/alice/.ssh) = 700"},
        {"half made before a power cut: a folder", "dir /a mode=0750",
         "mkdir -p state/persist/.ebb-new", NULL, "test $(stat -c %a state/persist/a) = 750"},
        {"half made before a power cut: a tree", "dir /a",
         "mkdir -p state/persist/.ebb-new/b && echo x > state/persist/.ebb-new/b/c &&"
         "ln -s ../../../outside state/persist/.ebb-new/d",
         NULL, "test -z \"$(ls -A state/persist/a)\""},
        {"half made before a power cut: a file", "dir /a; file /b",
         "mkdir state/persist && echo half > state/persist/.ebb-new", NULL,
         "test ! -s state/persist/b && mountpoint -q root/a"},
        {"another name of a file, under that of what is half made", "file /b; dir /a",
         "mkdir state/persist && echo x > state/theirs && chmod 604 state/theirs &&"
         "ln state/theirs state/persist/.ebb-new",
         NULL, "test $(cat state/theirs) = x && test $(stat -c %a:%h state/theirs) = 604:1"},
        {"a link under the name of what is half made", "dir /a; file /b",
         "mkdir state/persist && ln -s ../../outside/secret state/persist/.ebb-new", NULL,
         "mountpoint -q root/a && mountpoint -q root/b"},
    };
    PLAY(scenarios);
}

static void test_options(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"of the kernel", "dir /a options=ro,noexec,nosuid,nodev; dir /b options=nosuid; dir /c",
         "true", NULL,
         "test \"$(findmnt -no VFS-OPTIONS $PWD/root/a)\" = ro,nosuid,nodev,noexec,relatime &&"
         "test \"$(findmnt -no VFS-OPTIONS $PWD/root/b)\" = rw,nosuid,relatime &&"
         "test \"$(findmnt -no VFS-OPTIONS $PWD/root/c)\" = rw,relatime && touch state/persist/a/x "
         "&&"
         "test ! -s /run/mount/utab"},
        {"a file", "file /a options=ro mode=0600", "true", NULL,
         "! (echo x > root/a) 2>/dev/null && echo x > state/persist/a && test $(cat root/a) = x"},
        {"of user space",
         "dir '/a b' options=hide; file /c\\\\d options=trash,hide,nodev;"
         "dir /e options=trash",
         "true", NULL,
         "printf '%s\n' 'SRC=state TARGET=/a\\040b ROOT=/persist/a\\040b "
         "OPTS=x-gvfs-hide,x-initrd.mount' "
         "'SRC=state TARGET=/c\\134d ROOT=/persist/c\\134d "
         "OPTS=x-gvfs-hide,x-gvfs-trash,x-initrd.mount' "
         "'SRC=state TARGET=/e ROOT=/persist/e OPTS=x-gvfs-trash,x-initrd.mount' | diff - "
         "/run/mount/utab &&"
         "test $(stat -c %a /run/mount/utab) = 644"},
        {"as libmount reads it", "dir '/a b' options=hide,nodev; dir /c", "true", NULL,
         "sed -i \"s# TARGET=# TARGET=$PWD/root#\" /run/mount/utab &&"
         "findmnt -mno OPTIONS \"$PWD/root/a b\" | grep -q "
         "'^rw,nodev,relatime.*,x-gvfs-hide,x-initrd.mount$' &&"
         "! findmnt -mno OPTIONS $PWD/root/c | grep -q x-gvfs"},
        {"of a volume that shows a part of its file system",
         "}\npersist data:/p {\ndir /a options=hide",
         "mkdir data/sub && mount --bind data/sub data", NULL,
         "test \"$(cat /run/mount/utab)\" = 'SRC=data TARGET=/a ROOT=/sub/p/a "
         "OPTS=x-gvfs-hide,x-initrd.mount' &&"
         "umount -l data"},
        {"which cannot be written down", "dir /a options=hide",
         "mkdir -p /run/mount && rm -f /run/mount/utab && mkdir /run/mount/utab", NULL,
         "mountpoint -q root/a"},
    };
    PLAY(scenarios);
}

/* Sections 5 and 2 of the reference: what stands in the way, and what it is called. */
static void test_in_the_way(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"a folder is declared, a file is there", "dir /var/lib/x",
         "mkdir -p state/persist/var/lib && echo x > state/persist/var/lib/x",
         "\"/var/lib/x\" is declared as a folder, but \"state:/persist/var/lib/x\" is a file; "
         "declare it as it is, or move it away",
         "test ! -e root/var"},
        {"a file is declared, a folder is there", "file /etc/x", "mkdir -p state/persist/etc/x",
         "\"/etc/x\" is declared as a file, but \"state:/persist/etc/x\" is a folder; declare it "
         "as it is, or move it away",
         "test ! -e root/etc"},
        {"a pipe is there, and a folder is declared", "dir /x",
         "mkdir state/persist && mkfifo state/persist/x",
         "\"/x\" is declared as a folder, but \"state:/persist/x\" is something else; declare it "
         "as it is, or move it away",
         "test ! -e root/x"},
        {"a device is there", "file /x", "mkdir state/persist && mknod state/persist/x c 0 0",
         "\"/x\" is declared as a file, but \"state:/persist/x\" is something else; declare it as "
         "it is, or move it away",
         "test ! -e root/x"},
        {"a pipe is there", "file /etc/x",
         "mkdir -p state/persist/etc && mkfifo state/persist/etc/x",
         "\"/etc/x\" is declared as a file, but \"state:/persist/etc/x\" is something else; "
         "declare it as it is, or move it away",
         "test ! -e root/etc"},
        {"a file stands above it on the volume", "dir /a/b/c",
         "mkdir -p state/persist/a && echo > state/persist/a/b",
         "on the volume \"state\": \"b\" in \"/persist/a/b/c\" is not a folder",
         "test ! -e root/a"},
        {"a file stands above it in the new root", "dir /a/b/c", "mkdir root/a && echo > root/a/b",
         "in the new root: \"b\" in \"/a/b/c\" is not a folder", "test -f root/a/b"},
        {"the generation has a file there", "dir /a", "echo > root/a",
         "in the new root: \"a\" in \"/a\" is not a folder", "test -f root/a"},
        {"the generation has a folder there", "file /a", "mkdir root/a",
         "in the new root: \"/a\" is declared as a file, but the generation has a folder there; "
         "declare it as it is, or remove it from the generation",
         "test -d root/a && ! mountpoint -q root/a"},
    };
    PLAY(scenarios);
}

/* A planted link costs the entry, and never leads anywhere. */
static void test_links(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"as the folder", "dir /a", "mkdir state/persist && ln -s ../../outside state/persist/a",
         "\"state:/persist/a\" is a symbolic link, and none is followed there; put the folder "
         "itself in its place",
         "test ! -e root/a"},
        {"as the folder, absolute", "dir /a",
         "mkdir state/persist && ln -s $PWD/outside state/persist/a",
         "\"state:/persist/a\" is a symbolic link, and none is followed there; put the folder "
         "itself in its place",
         "test ! -e root/a"},
        {"as the file", "file /a",
         "mkdir state/persist && ln -s ../../outside/secret state/persist/a",
         "\"state:/persist/a\" is a symbolic link, and none is followed there; put the file itself "
         "in its place",
         "test ! -e root/a"},
        {"to nowhere", "file /a", "mkdir state/persist && ln -s ../../outside/new state/persist/a",
         "\"state:/persist/a\" is a symbolic link, and none is followed there; put the file itself "
         "in its place",
         "test ! -e root/a"},
        {"as the store", "dir /a", "ln -s ../outside state/persist",
         "on the volume \"state\": \"/persist/a\" leads through the symbolic link \"persist\"; "
         "replace the link, or name the folder itself",
         "test ! -e root/a"},
        {"above it on the volume", "dir /home/eve/.ssh",
         "mkdir -p state/persist/home && ln -s $PWD/outside state/persist/home/eve",
         "on the volume \"state\": \"/persist/home/eve/.ssh\" leads through the symbolic link "
         "\"eve\"; replace the link, or name the folder itself",
         "test ! -e root/home"},
        {"above it on the volume, inside it", "file /a/b",
         "mkdir -p state/persist/c && ln -s c state/persist/a",
         "on the volume \"state\": \"/persist/a/b\" leads through the symbolic link \"a\"; replace "
         "the link, or name the folder itself",
         "test -z \"$(ls -A state/persist/c)\""},
        {"above it in the new root", "dir /home/eve/.ssh",
         "mkdir root/home && ln -s $PWD/outside root/home/eve",
         "in the new root: \"/home/eve/.ssh\" leads through the symbolic link \"eve\"; replace the "
         "link, or name the folder itself",
         "true"},
        {"above a file in the new root", "file /etc/x", "ln -s ../outside root/etc",
         "in the new root: \"/etc/x\" leads through the symbolic link \"etc\"; replace the link, "
         "or name the folder itself",
         "true"},
        {"as the folder of the new root", "dir /a", "ln -s ../outside root/a",
         "in the new root: \"/a\" leads through the symbolic link \"a\"; replace the link, or name "
         "the folder itself",
         "test -L root/a"},
        /* The mount covers the link itself. */
        {"as the file of the new root", "file /a", "ln -s ../outside/secret root/a", NULL,
         "test ! -s root/a && echo x > root/a && test $(cat state/persist/a) = x"},
        {"in what the volume brings back", "dir /a\n}\npersist data:/ {\ndir /a/b",
         "mkdir -p state/persist/a && ln -s $PWD/outside state/persist/a/b",
         "in the new root: \"/a/b\" leads through the symbolic link \"b\"; replace the link, or "
         "name the folder itself",
         "mountpoint -q root/a"},
    };
    PLAY(scenarios);
}

/* Any bytes that a configuration can hold are just bytes of a name. */
static void test_names(void **state)
{
    (void)state;
    char long_name[NAME_MAX + 1] = ""; /* the longest that the kernel takes */
    memset(long_name, 'x', NAME_MAX);
    const char *const names[] = {
        "two words",  "  blanks  ", "Téléchargements et plus",
        "100%",       "%s%n%d",     "-rf",
        "*",          "?[a]",       "$HOME",
        "`id`",       "a\\b",       "it's",
        "\"quoted\"", "a=b",        "{",
        "}",          "#",          ";",
        "a:b",        "...",        "~",
        long_name,
    };
    need_namespace();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char entries[600], path[300];
        int length = snprintf(entries, sizeof(entries), "dir \"/d/");
        for (const char *at = names[i]; *at; at++)
            length += snprintf(entries + length, sizeof(entries) - (size_t)length, "%s%c",
                               strchr("\"\\", *at) ? "\\" : "", *at);
        snprintf(entries + length, sizeof(entries) - (size_t)length, "\"");
        struct world world;
        struct error error;
        begin_world(&world, entries, "true");
        assert_outcome(names[i], apply(&world, &error), &error, NULL);
        snprintf(path, sizeof(path), "root/d/%s/x", names[i]);
        put(path, "through");
        snprintf(path, sizeof(path), "state/persist/d/%s/x", names[i]);
        assert_content(path, "through");
        end_world(&world);
    }
}

static void test_long_names(void **state)
{
    (void)state;
    need_namespace();
    static char entries[PATH_MAX + 100];
    /* "/persist" and a path of 200 in each folder, up to what the kernel takes at once. */
    size_t length = (size_t)sprintf(entries, "dir ");
    for (size_t i = 0; i < PATH_MAX - 1 - strlen("/persist"); i++)
        entries[length++] = i % 200 ? 'x' : '/';
    entries[length] = '\0';
    struct world world;
    struct error error;
    begin_world(&world, entries, "true");
    assert_outcome("longest", apply(&world, &error), &error, NULL);
    end_world(&world);
    world = (struct world){0};
    strcpy(entries + length, "x");
    read_config(&world, entries);
    assert_int_equal(world.report.errors, 1);
    assert_string_equal(world.report.problems[0].text,
                        "the path on the volume \"state\" is longer than the kernel's 4095 bytes; "
                        "shorten the entry or its store");
    end_world(&world);
}

static void test_many(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    need_namespace();
    static char entries[COUNT * 40];
    size_t length = 0;
    for (int i = 0; i < COUNT; i++)
        length += (size_t)sprintf(entries + length, "%s /var/lib/%02d/%s%d mode=0%s\n",
                                  i % 2 ? "file" : "dir", i % 50, i % 2 ? "f" : "d", i,
                                  i % 2 ? "600" : "700");
    struct world world;
    struct error error;
    begin_world(&world, entries, "true");
    assert_int_equal(world.plan.count, COUNT);
    assert_outcome("many", apply(&world, &error), &error, NULL);
    must_run("test $(grep -c \" $PWD/root/var/lib/\" /proc/self/mountinfo) = %d &&"
             "test $(find state/persist/var/lib -type f -perm 600 | wc -l) = %d &&"
             "test $(find root/var/lib/00 -type d -name 'd*' -perm 700 | wc -l) = 40",
             COUNT, COUNT / 2);
    end_world(&world);
}

/* Nothing of an entry that fails is left half done: the next boot, once mended, succeeds. */
static void test_again(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error;
    begin_world(&world, "dir /a; file /b; dir /c mode=0700",
                "mkdir state/persist && ln -s nowhere state/persist/b");
    assert_int_equal(apply(&world, &error), -ELOOP);
    must_run("mountpoint -q root/a && test ! -e root/c && umount root/a && rm state/persist/b");
    assert_outcome("again", apply(&world, &error), &error, NULL);
    must_run("mountpoint -q root/a && mountpoint -q root/b && test $(stat -c %%a root/c) = 700");
    end_world(&world);
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *entries, *problem; /* NULL: none */
    } cases[] = {
        {"dir /a; dir /b; file /c", NULL},
        {"dir /a-b; dir /a; dir /ab", NULL},
        {"dir /processes; dir /sysroot", NULL},
        {"dir /data2; dir /data/x", NULL},
        {"dir /", "\"/\" cannot persist as a whole: the root is thrown away at every boot; name "
                  "the folders to keep"},
        {"dir /proc",
         "\"/proc\" belongs to \"/proc\", which is made anew at every boot; remove it"},
        {"file /run/x/y",
         "\"/run/x/y\" belongs to \"/run\", which is made anew at every boot; remove it"},
        {"dir /data", "\"/data\" is where the volume \"data\" is mounted, at ebb.conf:2:35; remove "
                      "one of the two"},
        {"dir /a; dir /a/b",
         "\"/a/b\" persists already as part of \"/a\", at ebb.conf:5:1; remove one of the two"},
        {"dir /a/b/c; dir /a",
         "\"/a/b/c\" persists already as part of \"/a\", at ebb.conf:5:13; remove one of the two"},
        {"file /a; dir /a/b",
         "\"/a/b\" lies below \"/a\", which is declared as a file at ebb.conf:5:1; correct one"},
        {"file /a\n}\npersist data:/ {\nfile /a/b/c",
         "\"/a/b/c\" lies below \"/a\", which is declared as a file at ebb.conf:5:1; correct one"},
        {"file /data", "\"/data\" is where the volume \"data\" is mounted, at ebb.conf:2:35; "
                       "remove one of the two"},
        {"dir /a\n}\npersist data:/ {\ndir /a/b", NULL},
        {"dir /a\n}\npersist state:/other {\ndir /a/b", NULL},
        {"dir /a; dir /a", "\"persist /a\" is declared twice, first at ebb.conf:5:1; remove one"},
        {"dir /a; file /a", "\"persist /a\" is declared twice, first at ebb.conf:5:1; remove one"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world = {0};
        read_config(&world, cases[i].entries);
        const char *found = world.report.count ? world.report.problems[0].text : "none";
        const char *expected = cases[i].problem ? cases[i].problem : "none";
        if (strcmp(found, expected) != 0 || world.report.count > 1)
            fail_msg("%s:\n  %s, not\n  %s", cases[i].entries, found, expected);
        end_world(&world);
    }
}

static void test_sentence(void **state)
{
    (void)state;
    struct world world = {0};
    read_config(
        &world,
        "dir /a\n}\npersist data:/ {\nfile \"/b c\" options=hide,ro,nodev\n}\npersist state:/x {\n"
        "file /etc/machine-id");
    struct plan plan = {.arena = world.report.arena};
    static const struct {
        enum step_kind kind;
        const char *sentence;
        unsigned line;
    } expected[] = {
        {STEP_BIND, "bind state:/persist/a on /a", 5},
        {STEP_BIND, "bind data:/b c on /b c with ro,nodev,hide", 8},
        {STEP_MACHINE_ID, "bind state:/x/etc/machine-id on /etc/machine-id", 11},
    };
    persist_plan(world.config, &plan);
    assert_int_equal(plan.count, ARRAY_LENGTH(expected));
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        char sentence[200] = "";
        auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
        entry_sentence(&plan.steps[i], stream);
        fflush(stream);
        assert_string_equal(sentence, expected[i].sentence);
        assert_int_equal(plan.steps[i].kind, expected[i].kind);
        assert_int_equal(plan.steps[i].origin.line, expected[i].line);
    }
    end_world(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bind),  TEST(test_options),    TEST(test_in_the_way), TEST(test_links),
        TEST(test_names), TEST(test_long_names), TEST(test_many),       TEST(test_again),
        TEST(test_check), TEST(test_sentence),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
