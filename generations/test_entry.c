/* The text of boot entries, which comes back when it is read, and whose they are. */
#include "base/testdata/scratch.h"

#include "generations/entry.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KERNEL "# kernel 42 " DIGEST "\nlinux /EFI/ebb/t/kernel-0\n"
#define IMAGE "# image 7 " DIGEST "\ninitrd /EFI/ebb/t/image-0\n"
#define FIRST "# by `ebb boot`, which writes it anew\n"

static const struct entry_file kernel = {"/EFI/ebb/t/kernel-0", 42, DIGEST},
                               image = {"/EFI/ebb/t/image-0", 7, DIGEST};

static void test_text(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    const struct entry whole = {.title = "Debian (generation 2, \"x\")",
                                .sort_key = "ebb-t",
                                .version = "000002",
                                .machine_id = "00112233445566778899aabbccddeeff",
                                .options = "quiet ebb.generation=2",
                                .kernel = kernel,
                                .image = image};
    const struct entry small = {
        .title = "a\nlinux /evil\x1b\xff\xc3\xa9", .kernel = kernel, .image = image};
    assert_string_equal(entry_write(arena, &whole),
                        FIRST "title Debian (generation 2, \"x\")\nsort-key ebb-t\nversion 000002\n"
                              "machine-id 00112233445566778899aabbccddeeff\n" KERNEL IMAGE
                              "options quiet ebb.generation=2\n");
    assert_string_equal(entry_write(arena, &small),
                        FIRST "title a?linux /evil??\xc3\xa9\n" KERNEL IMAGE);
    struct entry again;
    assert_int_equal(entry_parse(arena, entry_write(arena, &whole), &again), 0);
    assert_string_equal(entry_write(arena, &again), entry_write(arena, &whole));
}

/* What stands for a unified image says what that was made of. */
static void test_unified(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    const struct boot_entries plain = {0}, unified = {.uki = 1};
    const struct entry whole = {.title = "x",
                                .kernel = {"/EFI/Linux/a.efi", 42, DIGEST},
                                .inner_kernel = {NULL, 3, DIGEST},
                                .inner_image = {NULL, 4, DIGEST},
                                .uname = "6.1"};
    const char *text = entry_write(arena, &whole);
    assert_string_equal(text, FIRST "title x\n# kernel 42 " DIGEST "\nlinux /EFI/Linux/a.efi\n"
                                    "# inner-kernel 3 " DIGEST "\n# inner-image 4 " DIGEST
                                    "\n# uname 6.1\n");
    struct entry again;
    assert_int_equal(entry_parse(arena, text, &again), 0);
    assert_string_equal(entry_write(arena, &again), text);
    assert_string_equal(entry_unified_path(arena, "ebb-t-g000001.conf"),
                        "/EFI/Linux/ebb-t-g000001.efi");
    assert_string_equal(entry_id(arena, &unified, "a.conf"), "a.efi");
    assert_string_equal(entry_id(arena, &plain, "a.conf"), "a.conf");
}

static void test_parse(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {KERNEL IMAGE, 0},
        {"linux\t/a\n" KERNEL "unknown word\n\n# comment\n" IMAGE "options", 0},
        {KERNEL "# inner-kernel 3 " DIGEST "\n# uname 6\n", -EBADMSG},
        {KERNEL "# inner-kernel 3 " DIGEST "\n# inner-image 4 " DIGEST "\n", -EBADMSG},
        {"", -EBADMSG},
        {KERNEL, -EBADMSG},
        {IMAGE, -EBADMSG},
        {"linux /a\ninitrd /b\n", -EBADMSG},
        {KERNEL "# image 7 0123\ninitrd /b\n", -EBADMSG},
        {KERNEL "# image -7 " DIGEST "\ninitrd /b\n", -EBADMSG},
        {KERNEL "# image 7\ninitrd /b\n", -EBADMSG},
        {KERNEL "# image 7 " DIGEST "\n", -EBADMSG},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct entry entry = {0};
        assert_int_equal(entry_parse(arena, cases[i].text, &entry), cases[i].code);
        if (cases[i].code == 0) {
            assert_string_equal(entry.kernel.path, kernel.path);
            assert_int_equal(entry.kernel.size, 42);
            assert_string_equal(entry.image.sha256, DIGEST);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    static const struct {
        const char *name;
        bool ours;
        unsigned number;
    } cases[] = {
        {"ebb-0a34-g000042.conf", true, 42},
        {"ebb-0a34-g1234567.conf", true, 1234567},
        {"ebb-0a34-default.conf", true, 0},
        {"ebb-0a34-rollback.conf", true, 0},
        {"ebb-0a34-recovery.conf", true, 0},
        {"ebb-0a34-other.conf", false, 0},
        {"ebb-0a34-g42.conf", false, 0},
        {"ebb-0a34-g000042.conf.tmp", false, 0},
        {"ebb-0a35-g000042.conf", false, 0},
        {"ebb-0a34x-g000042.conf", false, 0},
        {"ebb-0a34-g9999999999.conf", false, 0},
        {"debian.conf", false, 0},
        {"ebb-0a34-g000000.conf", false, 0},
        {"ebb-0a34-default-trial+1-0.conf", true, 0},
        {"ebb-0a34-default-trial+0-1.conf", true, 0},
        {"ebb-0a34-default-trial.conf", true, 0},
        {"ebb-0a34-default-trial+x.conf", false, 0},
        {"ebb-0a34-default-trials.conf", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned number = 99;
        assert_int_equal(entry_is_ours("0a34", cases[i].name, &number), cases[i].ours);
        if (cases[i].ours)
            assert_int_equal(number, cases[i].number);
    }
    assert_string_equal(entry_name(arena, "0a34", 42, NULL), cases[0].name);
    assert_string_equal(entry_name(arena, "0a34", 0, ENTRY_DEFAULT), cases[2].name);
    assert_string_equal(entry_default(arena, "0a34"), "ebb-0a34-default*");
    assert_string_equal(entry_token(arena, "0A3407DE-014b-458b-b5c1-848e92a327a3"), "0a3407de-014");
    assert_string_equal(entry_token(arena, "id"), "id");
}

/* Those of the specification (UAPI.1, "Boot counting") and what is no counter. */
static void test_counters(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool counted;
        unsigned left, done;
    } cases[] = {
        {"foobar-3.0.conf", false, 0, 0},  {"foobar+3.conf", true, 3, 0},
        {"foobar+2-1.conf", true, 2, 1},   {"foobar+0-3.conf", true, 0, 3},
        {"foobar+09-01.efi", true, 9, 1},  {"foo+bar+7-4.conf", true, 7, 4},
        {"foo+3+bar.conf", false, 0, 0},   {"foobar+.conf", false, 0, 0},
        {"foobar+3-.conf", false, 3, 0},   {"foobar+-3.conf", false, 0, 0},
        {"foobar+3-1x.conf", false, 3, 1}, {"foobar+3", false, 0, 0},
        {"foo.bar+3", false, 0, 0},        {"foobar+4294967296.conf", false, 0, 0},
        {"foobar+ 3.conf", false, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned left, done;
        assert_int_equal(entry_counter(cases[i].name, &left, &done), cases[i].counted);
        assert_true(!cases[i].counted || (left == cases[i].left && done == cases[i].done));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),  cmocka_unit_test(test_unified),  cmocka_unit_test(test_parse),
        cmocka_unit_test(test_names), cmocka_unit_test(test_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
