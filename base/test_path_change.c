/* What is written, linked and removed below a descriptor: whole or not at all, and nothing else. */
#include "base/testdata/scratch.h"

#include <limits.h>
#include <sys/wait.h>

#include "base/path.h"

static void test_write(void **state)
{
    (void)state;
    struct error error;
    static char data[200000];
    memset(data, 'y', sizeof(data));
    static const mode_t modes[] = {0600, 0644, 0755, 04755, 0};
    must_run("mkdir folder");
    auto_fd folder = open_folder("folder");
    for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
        umask(077);
        assert_int_equal(path_write(folder, "file", data, sizeof(data), modes[i], &error), 0);
        umask(022);
        must_run("test $(stat -c %%a-%%s folder/file) = %o-%zu", modes[i], sizeof(data));
    }
    assert_int_equal(path_write(folder, "file", "", 0, 0644, &error), 0);
    assert_int_equal(path_write(AT_FDCWD, "folder/other", "by name", 7, 0644, &error), 0);
    must_run("test ! -s folder/file && test \"$(cat folder/other)\" = 'by name' &&"
             "test $(ls -A folder | wc -l) = 2");
}

/* Whoever has the old file open goes on reading the old file. */
static void test_write_replaces(void **state)
{
    (void)state;
    struct error error;
    char text[8] = "";
    struct stat old = {0}, new = {0};
    put("file", "old");
    must_run("ln file second");
    auto_fd before = open("file", O_RDONLY | O_CLOEXEC), here = open_folder(".");
    assert_int_equal(path_write(here, "file", "new", 3, 0644, &error), 0);
    assert_int_equal(read(before, text, sizeof(text) - 1), 3);
    assert_string_equal(text, "old");
    assert_content("file", "new");
    assert_content("second", "old");
    assert_true(fstat(before, &old) == 0 && stat("file", &new) == 0 && old.st_ino != new.st_ino);
}

static void test_write_in_the_way(void **state)
{
    (void)state;
    static char name[NAME_MAX + 1];
    memset(name, 'n', NAME_MAX);
    const struct {
        const char *scene, *path, *message;
    } cases[] = {
        {"echo half > .tmp-file", "file", NULL},
        {"ln -s ../secret .tmp-file", "file", NULL},
        {"ln -s ../secret file", "file", NULL},
        {"mkfifo file", "file", NULL},
        {"mkdir .tmp-file", "file", "cannot write \"file\": File exists"},
        {"mkdir file", "file", "cannot write \"file\": Is a directory"},
        {"true", "nonesuch/file",
         "cannot open the folder of \"nonesuch/file\": "
         "No such file or directory"},
        {"echo > file", "file/x",
         "cannot open the folder of \"file/x\": Not a "
         "directory"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        must_run("rm -rf top && mkdir top && echo secret > secret && cd top && %s", cases[i].scene);
        auto_fd top = open_folder("top");
        int code = path_write(top, cases[i].path, "text", 4, 0644, &error);
        assert_outcome(cases[i].scene, code, &error, cases[i].message);
        assert_content("secret", "secret\n");
        if (code == 0)
            must_run("test -f top/file -a ! -L top/file -a $(ls -A top | wc -l) = 1 &&"
                     "test $(cat top/file) = text");
    }
    struct error error;
    auto_fd top = open_folder("top");
    assert_int_equal(path_write(top, name, "", 0, 0644, &error), -ENAMETOOLONG);
    name[NAME_MAX - 5] = '\0'; /* what ".tmp-" leaves */
    assert_int_equal(path_write(top, name, "", 0, 0644, &error), 0);
}

static void test_write_full(void **state)
{
    (void)state;
    need_namespace();
    struct error error;
    static char data[1 << 20];
    must_run("mkdir small");
    assert_int_equal(mount("small", "small", "tmpfs", 0, "size=64k"), 0);
    put("small/file", "old");
    auto_fd small = open_folder("small");
    int code = path_write(small, "file", data, sizeof(data), 0644, &error);
    assert_outcome("full", code, &error, "cannot write \"file\": No space left on device");
    assert_content("small/file", "old");
    must_run("test \"$(ls -A small)\" = file"); /* and the room is free again */
    assert_int_equal(path_write(small, "file", data, 30000, 0644, &error), 0);
    assert_int_equal(mount(NULL, "small", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    code = path_write(small, "file", "x", 1, 0644, &error);
    assert_outcome("read-only", code, &error, "cannot write \"file\": Read-only file system");
}

static void test_write_all(void **state)
{
    (void)state;
    int ends[2];
    static char data[300000], found[sizeof(data)];
    memset(data, 'z', sizeof(data));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork(); /* a pipe takes it in pieces */
    if (child == 0)
        _exit(path_write_all(ends[1], data, sizeof(data)) == 0 ? 0 : 1);
    close(ends[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(ends[0], found + used, 1000)) > 0;)
        used += (size_t)got;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(used, sizeof(data));
    assert_memory_equal(found, data, sizeof(data));
    assert_int_equal(path_write_all(-1, "x", 1), -EBADF);
    assert_int_equal(path_write_all(-1, "x", 0), 0);
    auto_fd full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_int_equal(path_write_all(full, "x", 1), -ENOSPC);
}

static void test_remove_tree(void **state)
{
    (void)state;
    must_run("mkdir -p top/a/b secrets/b && touch top/a/b/file secrets/file secrets/b/file &&"
             "ln -s $PWD/secrets top/absolute && ln -s ../secrets top/up");
    must_run("mkdir -p top/a/b/c/d top/mounted && touch top/a/.hidden && mkfifo top/a/pipe");
    must_run("ln -s top outside");
    path_remove_tree("outside"); /* a link is removed, not what it leads to */
    must_run("test ! -L outside -a -f top/a/b/file");
    if (has_namespace) {
        assert_int_equal(mount("mounted", "top/mounted", "tmpfs", 0, NULL), 0);
        put("top/mounted/file", "of others");
        path_remove_tree("top");
        assert_content("top/mounted/file", "of others");
        assert_int_equal(umount2("top/mounted", 0), 0);
    }
    path_remove_tree("top");
    must_run("test ! -e top -a -f secrets/file -a -f secrets/b/file");
    path_remove_tree("top"); /* nothing is there, and nothing happens */
}

static void test_link(void **state)
{
    (void)state; /* the scratch folder is the current one */
    auto_fd here = open_folder(".");
    must_run("mkdir folder && echo x > file && ln -s /left .ebb-new");
    assert_int_equal(path_link(here, "link", "/one"), 0);
    assert_int_equal(path_link(here, "link", "/two"), 0);
    assert_int_equal(path_link(here, "file", "three"), 0);
    assert_int_equal(path_link(here, "folder", "/x"), -EISDIR);
    must_run("test $(readlink link)-$(readlink file) = /two-three && test -d folder && test ! -L "
             "folder && ! test -L .ebb-new");
}

/* Nothing but what is called so, whatever is planted in it. */
static void test_remove_at(void **state)
{
    (void)state;
    auto_fd folder = open_folder(".");
    must_run("mkdir -p a/b/c theirs && echo x > a/b/c/x && touch a/y theirs/x file &&"
             "ln -s ../theirs a/link && ln -s ../../theirs/x a/b/x && ln -s theirs link");
    assert_int_equal(path_remove_at(folder, "none"), 0);
    assert_int_equal(path_remove_at(folder, "a"), 0);
    assert_int_equal(path_remove_at(folder, "file"), 0);
    assert_int_equal(path_remove_at(folder, "link"), 0);
    must_run("test \"$(find . | sort | tr '\\n' ' ')\" = '. ./theirs ./theirs/x '");
    need_namespace();
    must_run("mkdir -p a/b && mount -t tmpfs none a/b && touch a/b/x");
    assert_int_equal(path_remove_at(folder, "a"), -EBUSY);
    must_run("test -f a/b/x && umount a/b");
    assert_int_equal(path_remove_at(folder, "a"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write),
        TEST(test_write_replaces),
        TEST(test_write_in_the_way),
        TEST(test_write_full),
        cmocka_unit_test(test_write_all),
        TEST(test_link),
        TEST(test_remove_tree),
        TEST(test_remove_at),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
