#include "image/testing.h"

#include <errno.h>

#include "image/links.h"

static const struct {
    const char *path, *target;
} links[] = {
    {"/lib", "usr/lib"}, {"/usr/lib/a", "../share/./b"}, {"/abs", "/lib/c"}, {"/loop", "pool"},
    {"/pool", "/loop"},  {"/usr/up", "../../../.."},     {"/end", "usr/"},
};

static int lookup(void *context, const char *path, char target[PATH_MAX], struct error *error)
{
    (void)context;
    (void)error;
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++)
        if (strcmp(links[i].path, path) == 0) {
            strcpy(target, links[i].target);
            return 1;
        }
    return 0;
}

static void test_resolve(void **state)
{
    (void)state;
    static const struct {
        const char *path, *resolved, *lexical;
    } cases[] = {
        {"/", "/", "/"},
        {"", "/", "/"},
        {"/x", "/x", "/x"},
        {"//x/./y/", "/x/y", "/x/y"},
        {"x/../../y", "/y", "/y"},
        {"/lib", "/usr/lib", "/lib"},
        {"/lib/x/y", "/usr/lib/x/y", "/lib/x/y"},
        {"/lib/a/z", "/usr/share/b/z", "/lib/a/z"},
        {"/abs/d", "/usr/lib/c/d", "/abs/d"},
        {"/usr/up/x", "/x", "/usr/up/x"},
        {"/lib/..", "/usr", "/"},
        {"/end/x", "/usr/x", "/end/x"},
        {"/library", "/library", "/library"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        char resolved[PATH_MAX];
        assert_int_equal(links_resolve(cases[i].path, lookup, NULL, resolved, &error), 0);
        assert_string_equal(resolved, cases[i].resolved);
        assert_int_equal(links_resolve(cases[i].path, NULL, NULL, resolved, &error), 0);
        assert_string_equal(resolved, cases[i].lexical);
    }
}

static int fail_lookup(void *context, const char *path, char target[PATH_MAX], struct error *error)
{
    (void)context;
    (void)target;
    return error_set(error, EACCES, "no look at \"%s\"", path);
}

static void test_failures(void **state)
{
    (void)state;
    struct error error;
    char resolved[PATH_MAX] = "untouched", path[2 * PATH_MAX];
    assert_int_equal(links_resolve("/loop/x", lookup, NULL, resolved, &error), -ELOOP);
    assert_contains(error.text, "\"/loop/x\" leads in a circle");
    assert_int_equal(links_resolve("/a/b", fail_lookup, NULL, resolved, &error), -EACCES);
    assert_contains(error.text, "no look at \"/a\"");
    static const struct {
        const char *start;
        size_t length;
        int code;
    } lengths[] = {
        {"/", PATH_MAX - 1, 0},
        {"/", PATH_MAX, -ENAMETOOLONG},
        {"/lib/", PATH_MAX - 1, -ENAMETOOLONG},
        {"lib", PATH_MAX * 2 - 1, -ENAMETOOLONG},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        memset(path, 'x', lengths[i].length);
        path[lengths[i].length] = '\0';
        memcpy(path, lengths[i].start, strlen(lengths[i].start));
        char found[PATH_MAX];
        assert_int_equal(links_resolve(path, lookup, NULL, found, &error), lengths[i].code);
    }
    assert_string_equal(resolved, "untouched");
}

static void test_disk(void **state)
{
    (void)state;
    struct error error;
    char resolved[PATH_MAX];
    must_run("mkdir -p real/deep && ln -s /real/deep short && ln -s ../.. real/deep/out");
    auto_fd root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(links_resolve("/short/out/short/file", links_on_disk, &root, resolved, &error),
                     0);
    assert_string_equal(resolved, "/real/deep/file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_failures),
        cmocka_unit_test_setup_teardown(test_disk, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
