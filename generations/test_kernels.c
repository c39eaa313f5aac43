/* Which kernel of a tree is booted. */
#include "base/testdata/scratch.h"

#include "generations/kernels.h"

static void test_find(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *made, *version, *path;
    } cases[] = {
        {"mkdir -p boot && touch boot/vmlinuz-6.1", NULL,
         "it has no kernel with modules; install one in it with `ebb new`"},
        {"mkdir -p usr/lib/modules/6.1", NULL,
         "it has no kernel in its /boot, as vmlinuz-VERSION, nor beside its modules; install one "
         "in "
         "it with `ebb new`"},
        {"mkdir -p boot lib/modules/6.1.0-9 lib/modules/6.1.0-18 && touch boot/vmlinuz-6.1.0-9 "
         "boot/vmlinuz-6.1.0-18",
         "6.1.0-18", "boot/vmlinuz-6.1.0-18"},
        {"mkdir -p boot usr/lib/modules/6.1 usr/lib/modules/6.2 && ln -s usr/lib lib && touch "
         "usr/lib/modules/6.1/vmlinuz",
         "6.1", "usr/lib/modules/6.1/vmlinuz"},
        {"mkdir -p boot lib/modules/6.1 && touch lib/modules/6.1/vmlinuz", "6.1",
         "lib/modules/6.1/vmlinuz"},
        {"mkdir -p boot lib/modules/6.1 && ln -s /lib/modules/6.1/vmlinuz boot/vmlinuz-6.1 && "
         "touch "
         "lib/modules/6.1/vmlinuz",
         "6.1", "boot/vmlinuz-6.1"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        const char *version = NULL, *path = NULL;
        auto_arena arena = arena_new();
        must_run("rm -rf tree && mkdir tree && cd tree && %s", cases[i].made);
        auto_fd tree = open_folder("tree");
        int code = kernels_find(arena, tree, &version, &path, &error);
        if (!cases[i].version) {
            assert_outcome(cases[i].made, code, &error, cases[i].path);
            continue;
        }
        assert_outcome(cases[i].made, code, &error, NULL);
        assert_string_equal(version, cases[i].version);
        assert_string_equal(path, cases[i].path);
    }
}

static void test_fit(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *made;
        bool fits;
    } cases[] = {
        {"true", true}, /* it has none */
        {"mkdir -p lib/modules/0.1", false},
        {"mkdir -p usr/lib/modules/0.1", false},
        {"mkdir -p lib/modules/0.1 lib/modules/$(uname -r)", true},
        {"mkdir -p usr/lib/modules/$(uname -r) && ln -s usr/lib lib", true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        must_run("rm -rf tree && mkdir tree && cd tree && %s", cases[i].made);
        auto_fd tree = open_folder("tree");
        assert_int_equal(kernels_fit(tree), cases[i].fits);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_find), TEST(test_fit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
