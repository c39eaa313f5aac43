/* The trash of a volume whose entries lie in a subvolume: nothing can be renamed out of that. */
#include "base/testdata/disk.h"

#include "persist/trash.h"

#define BTRFS "PATH=$PATH:/usr/sbin:/sbin btrfs -q "

static struct orphan orphan_at(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path + 1, &status), 0);
    return (struct orphan){
        .path = path, .mode = status.st_mode, .device = status.st_dev, .number = status.st_ino};
}

static void assert_moved(const char *path, const char *expected)
{
    auto_arena arena = arena_new();
    struct error error = {0};
    const char *place = NULL;
    struct orphan orphan = orphan_at(path);
    auto_fd volume = open_folder(".");
    assert_outcome(path, trash_move(arena, volume, &orphan, 0, &place, &error), &error, NULL);
    assert_string_equal(place, expected);
    must_run("test ! -e '.%s' && test ! -e .ebb/trash/1970-01-01/kept/.ebb-new", path);
}

static void test_subvolume(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    enter_disk("btrfs");
    must_run("mkdir -p .ebb/trash/1970-01-01/kept/.ebb-new/left && " BTRFS
             "subvolume create kept && mkdir -m 0750 kept/old && echo one > kept/old/file &&"
             "ln kept/old/file kept/old/same && ln -s nowhere kept/old/link");
    assert_moved("/kept/old", "/.ebb/trash/1970-01-01/kept/old");
    must_run("cd .ebb/trash/1970-01-01/kept/old && test $(stat -c %%a .) = 750 && test \"$(cat "
             "file)\" = one && test file -ef same && test -L link");
    must_run("echo two > kept/old");
    assert_moved("/kept/old", "/.ebb/trash/1970-01-01/kept/old.2");
    assert_content(".ebb/trash/1970-01-01/kept/old.2", "two\n");
    assert_content(".ebb/trash/1970-01-01/kept/old/file", "one\n");
    leave_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_subvolume, enter_scratch, leave_scratch)};
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
