/* What `ebb boot` is asked for when a generation is tried: that the loader boots it once, and that
 * the default entry is there to come back by. */
#include "tool/boot_testing.h"

#define VENDOR "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static void assert_once(unsigned number, bool expected, const char *message)
{
    struct boot_wish wish = usual;
    struct error error = {0};
    bool by_loader = !expected;
    auto_fd root = open_folder("root");
    wish.efivars = "efivars";
    int code = boot_once((struct target){root, ""}, &wish, number, &by_loader, &error);
    assert_outcome("once", code, &error, message);
    if (!message)
        assert_int_equal(by_loader, expected);
}

/* The loader is asked for an entry once, if it can, and not any more when that is taken back. */
static void test_once(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    install();
    assert_once(2, false, NULL); /* nothing says that it can */
    must_run("printf '\\7\\0\\0\\0\\10\\0\\0\\0\\0\\0\\0\\0' > efivars/LoaderFeatures" VENDOR);
    assert_once(2, true, NULL);
    must_run("test \"$(tail -c +5 efivars/LoaderEntryOneShot" VENDOR " | tr -d '\\0')\" = " T
             "g000002.conf");
    assert_once(0, true, NULL);
    must_run("test ! -e efivars/LoaderEntryOneShot" VENDOR);
    assert_once(3, true, "there is no boot entry \"" T "g000003.conf\"; run `ebb boot sync`");
    must_run("cd esp && echo x >> $(sed -n 's,^linux /,,p' loader/entries/*g000002.conf)");
    assert_once(2, true,
                "the boot entry \"" T
                "g000002.conf\" cannot be booted: its kernel has another size; run `ebb boot "
                "sync`");
    must_run("test ! -e efivars/LoaderEntryOneShot" VENDOR);
}

#define TRIAL "esp/loader/entries/" T ENTRY_TRIAL ".conf"

/* Where the variable cannot be set, a loader that counts finds an entry before the default one. */
static void test_counted(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    install();
    put_record(0, 1, 0);
    must_run("mkdir efivars/LoaderEntryOneShot" VENDOR
             "; printf '\\7\\0\\0\\0\\10\\0\\0\\0\\0\\0\\0\\0' > efivars/LoaderFeatures" VENDOR);
    assert_once(2, false, NULL); /* it does not count */
    must_run("printf '\\7\\0\\0\\0\\30\\0\\0\\0\\0\\0\\0\\0' > efivars/LoaderFeatures" VENDOR);
    must_run("cd esp/loader; sed -i 's/-default.*/-default.conf/' loader.conf");
    assert_once(2, false, NULL); /* it would not be looked for */
    must_run("cd esp/loader; sed -i 's/-default.*/-default*/' loader.conf");
    assert_once(2, true, NULL);
    assert_entry("0a34-5678-9a-" ENTRY_TRIAL, "kernel 2|panic=30 quiet");
    assert_entry("0a34-5678-9a-default", "kernel 1|panic=30 quiet");
    must_run("grep -qx 'version 9999999' " TRIAL);
    put_trial(TRIAL_WANTED, 2, 1);
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, "6 boot entries\n", "");
    put_trial(TRIAL_NONE, 0, 0);
    must_run("mv " TRIAL " esp/loader/entries/" T "default-trial+0-1.conf"); /* by the loader */
    assert_verb("after", boot_sync, &usual, EXIT_DONE,
                "removed " T "default-trial+0-1.conf\n5 boot entries\n", "");
    assert_once(2, true, NULL);
    must_run("test -e " TRIAL " && rmdir efivars/LoaderEntryOneShot" VENDOR);
    assert_once(0, true, NULL);
    must_run("test ! -e " TRIAL);
}

static void assert_way_back(const char *message)
{
    struct boot_wish wish = usual;
    struct error error;
    auto_fd root = open_folder("root");
    wish.efivars = "efivars";
    int code = boot_check_default((struct target){root, ""}, &wish, &error);
    assert_outcome("way back", code, &error, message);
}

static void test_way_back(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    assert_way_back(NULL); /* somebody else's loader boots something */
    install();
    assert_way_back(NULL);
    must_run(
        "cp -r esp whole && printf '\\7\\0\\0\\0d\\0\\0\\0' > efivars/LoaderEntryDefault" VENDOR);
    assert_way_back("the EFI variable LoaderEntryDefault has the boot loader boot \"d\"; run `ebb "
                    "boot install`, which unsets it");
    must_run("rm efivars/LoaderEntryDefault" VENDOR
             " && sed -i 's/^default .*/default other/' esp/loader/loader.conf");
    assert_way_back("the boot loader does not boot our default entry by itself; run `ebb boot "
                    "install`");
    must_run("rm -r esp/* && cp -r whole/* esp && cd esp &&"
             "printf K | dd conv=notrunc status=none of=.$(sed -n 's,^linux ,,p' "
             "loader/entries/*default.conf)");
    auto_string path = output_of("sed -n 's,^linux ,,p' esp/loader/entries/*default.conf");
    auto_arena arena = arena_new();
    assert_way_back(arena_printf(arena,
                                 "\"%s\" on the boot partition is damaged; make it anew with `ebb "
                                 "boot sync --rebuild`",
                                 path));
    must_run("rm esp/loader/entries/*default.conf");
    assert_way_back("there is no boot entry \"" T "default.conf\"; run `ebb boot sync`");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_once), TEST(test_counted), TEST(test_way_back)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
