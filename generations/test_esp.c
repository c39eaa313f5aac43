/* Files that are put on a boot partition, and removed; cut off wherever it may be. */
#include "base/testdata/cut.h"

#include "generations/esp.h"

static void test_put(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    auto_fd esp = open_folder(".");
    assert_outcome("put", esp_put(esp, "/EFI/ebb/t/kernel", "abc", 3, &error), &error, NULL);
    assert_content("EFI/ebb/t/kernel", "abc");
    put("EFI/ebb/t/kernel.tmp", "left over, and longer");
    assert_outcome("put", esp_put(esp, "/EFI/ebb/t/kernel", "new", 3, &error), &error, NULL);
    assert_content("EFI/ebb/t/kernel", "new");
    must_run("test \"$(ls -A EFI/ebb/t)\" = kernel && mkdir outside && ln -s ../outside EFI/link");
    assert_int_equal(esp_put(esp, "/EFI/link/kernel", "abc", 3, &error), -ELOOP);
    must_run("test -z \"$(ls -A outside)\" && mkdir EFI/folder");
    assert_outcome("folder", esp_put(esp, "/EFI/folder", "abc", 3, &error), &error,
                   "cannot write \"/EFI/folder\" to the boot partition: Is a directory");
    must_run("test ! -e EFI/folder.tmp");
    assert_outcome("remove", esp_remove(esp, "/EFI/ebb/t/kernel", &error), &error, NULL);
    assert_outcome("again", esp_remove(esp, "/EFI/ebb/t/kernel", &error), &error, NULL);
    assert_outcome("nowhere", esp_remove(esp, "/nowhere/kernel", &error), &error, NULL);
    must_run("test -z \"$(ls -A EFI/ebb/t)\"");
    assert_outcome("sync", esp_sync(esp, &error), &error, NULL);
}

static void test_read_back(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *content;
        int code;
    } cases[] = {{"abc", 0}, {"abd", -EIO}, {"ab", -EIO}, {"abcd", -EIO}, {"", -EIO}};
    auto_fd folder = open_folder(".");
    assert_int_equal(esp_read_back(folder, "file", "abc", 3), -ENOENT);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        put("file", cases[i].content);
        assert_int_equal(esp_read_back(folder, "file", "abc", 3), cases[i].code);
    }
}

/* A file larger than what is read at once. */
static void test_large(void **state)
{
    (void)state; /* the scratch folder is the current one */
    enum { SIZE = 200000 };
    struct error error;
    auto_fd esp = open_folder(".");
    auto_string data = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * i >> 3);
    assert_outcome("put", esp_put(esp, "/large", data, SIZE, &error), &error, NULL);
    size_t length;
    auto_string found = NULL;
    assert_int_equal(path_read(esp, "large", SIZE, &found, &length, &error), 0);
    assert_int_equal(length, SIZE);
    assert_memory_equal(found, data, SIZE);
}

static void test_list(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    struct esp_file *files = NULL;
    size_t count = 0;
    auto_arena arena = arena_new();
    auto_fd esp = open_folder(".");
    assert_int_equal(esp_list(arena, esp, "/EFI", &files, &count, &error), 0);
    assert_int_equal(count, 0);
    must_run("mkdir -p EFI/folder && printf 12345 > EFI/b && : > EFI/a && ln -s b EFI/link");
    assert_int_equal(esp_list(arena, esp, "/EFI", &files, &count, &error), 0);
    assert_int_equal(count, 2);
    assert_string_equal(files[0].name, "a");
    assert_int_equal(files[0].size, 0);
    assert_string_equal(files[1].name, "b");
    assert_int_equal(files[1].size, 5);
    assert_outcome("file", esp_list(arena, esp, "/EFI/b", &files, &count, &error), &error,
                   "cannot list \"/EFI/b\" on the boot partition: Not a directory");
}

static void test_space(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    struct error error;
    struct esp_space space;
    must_run("mkdir small");
    assert_int_equal(mount("small", "small", "tmpfs", 0, "size=64k"), 0);
    auto_fd esp = open_folder("small");
    assert_int_equal(esp_space(esp, &space, &error), 0);
    assert_int_equal(space.free, 65536);
    assert_int_equal(space.cluster, 4096);
    assert_int_equal(esp_rounded(&space, 0), 0);
    assert_int_equal(esp_rounded(&space, 1), 4096);
    assert_int_equal(esp_rounded(&space, 4096), 4096);
    char data[70000] = "";
    assert_outcome("full", esp_put(esp, "/a", data, sizeof(data), &error), &error,
                   "cannot write \"/a\" to the boot partition: No space left on device");
    must_run("test -z \"$(ls -A small)\"");
    assert_int_equal(umount2("small", MNT_DETACH), 0);
}

static void test_lock(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    auto_fd one = open_folder("."), other = open_folder(".");
    assert_outcome("lock", esp_lock(one, &error), &error, NULL);
    assert_outcome("other", esp_lock(other, &error), &error,
                   "another ebb writes to the boot partition; wait until it is done");
}

static int replace(void *argument)
{
    struct error error;
    auto_fd esp = open_folder(".");
    return esp_put(esp, argument, "new", 3, &error);
}

static void test_cuts(void **state)
{
    (void)state; /* the scratch folder is the current one */
    bool over = false, was_new = false;
    for (unsigned calls = 0; !over; calls++) {
        put("file", "the old one");
        over = cut_off(replace, "/file", calls);
        auto_string found = output_of("cat file");
        bool is_new = strcmp(found, "new") == 0;
        assert_true(is_new || strcmp(found, "the old one") == 0);
        assert_true(is_new || !was_new); /* it does not come back */
        was_new = is_new;
    }
    assert_true(was_new);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_put),  TEST(test_read_back), TEST(test_large),
                                       TEST(test_list), TEST(test_space),     TEST(test_lock),
                                       TEST(test_cuts)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
