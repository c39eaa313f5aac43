/* The variables of the boot loader, in a plain folder; /sys has the same files. */
#include "base/testdata/scratch.h"

#include "generations/loader.h"

#define FILE_OF(name) name "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static void test_features(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    uint64_t features = 0;
    auto_fd efivars = open_folder(".");
    static const char none[] = "the boot loader does not say what it can do; use one that does, "
                               "such as systemd-boot";
    assert_outcome("none", loader_features(efivars, &features, &error), &error, none);
    must_run("printf '\\006\\0\\0\\0\\030\\0' > " FILE_OF("LoaderFeatures"));
    assert_outcome("short", loader_features(efivars, &features, &error), &error, none);
    must_run("printf '\\006\\0\\0\\0\\030\\0\\010\\0\\0\\0\\0\\0' > " FILE_OF("LoaderFeatures"));
    assert_outcome("whole", loader_features(efivars, &features, &error), &error, NULL);
    assert_int_equal(features, LOADER_ONE_SHOT | LOADER_COUNTING | LOADER_PREFERRED);
}

static void test_texts(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    char text[LOADER_TEXT];
    auto_fd efivars = open_folder(".");
    assert_int_equal(loader_read(efivars, "LoaderEntries", text, &error), -ENOENT);
    assert_false(loader_has(efivars, "a.conf"));
    must_run("printf '\\006\\0\\0\\0' > " FILE_OF(
        "LoaderEntries") " && "
                         "printf 'A.conf\\0\\351b\\0\\033c\\0' | iconv -f latin1 -t utf-16le "
                         ">> " FILE_OF("LoaderEntries"));
    assert_int_equal(loader_read(efivars, "LoaderEntries", text, &error), 0);
    assert_string_equal(text, "A.conf\n?b\n\033c");
    assert_true(loader_has(efivars, "a.conf"));
    assert_false(loader_has(efivars, "a.con"));
    put(FILE_OF("LoaderEntryDefault"), "\7");
    assert_int_equal(loader_read(efivars, "LoaderEntryDefault", text, &error), -ENOENT);
}

static void test_one_shot(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    char text[LOADER_TEXT], longer[LOADER_TEXT + 1];
    auto_fd efivars = open_folder(".");
    put(FILE_OF("LoaderEntryOneShot"), "longer than what comes in its place, and of another kind");
    assert_outcome("set", loader_set_one_shot(efivars, "ebb-t-g000042*", &error), &error, NULL);
    assert_int_equal(loader_read(efivars, "LoaderEntryOneShot", text, &error), 0);
    assert_string_equal(text, "ebb-t-g000042*");
    must_run(
        "test $(stat -c %%s " FILE_OF("LoaderEntryOneShot") ") = 34 && test \"$(head -c 8 " FILE_OF(
            "LoaderEntryOneShot") " | od -An -tx1)\" = ' 07 00 00 00 65 00 62 00'");
    assert_outcome("clear", loader_clear(efivars, "LoaderEntryOneShot", &error), &error, NULL);
    assert_outcome("again", loader_clear(efivars, "LoaderEntryOneShot", &error), &error, NULL);
    must_run("test -z \"$(ls -A)\"");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_outcome("long", loader_set_one_shot(efivars, longer, &error), &error,
                   "cannot set the EFI variable LoaderEntryOneShot: File name too long");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_features), TEST(test_texts), TEST(test_one_shot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
