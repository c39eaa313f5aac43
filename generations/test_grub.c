/* The menu that GRUB sources: what it says, and that nothing in it is taken for GRUB's own words.
 */
#include "base/testdata/scratch.h"

#include "generations/grub.h"

static const struct entry_file kernel = {.path = "/EFI/ebb/t/kernel-0"},
                               image = {.path = "/EFI/ebb/t/image-0"};

#define BEGINNING                                                                                  \
    "# by `ebb boot`, which writes it anew; $ebb is the partition it lies on\n"                    \
    "set default='ebb-t-default.conf'\nset next_entry=\n"                                          \
    "load_env --file ($ebb)'/EFI/ebb/t.env' next_entry\nif [ -n \"$next_entry\" ]; then\n"         \
    "    set ebb_next=\"$next_entry\"\n    set next_entry=\n"                                      \
    "    if save_env --file ($ebb)'/EFI/ebb/t.env' next_entry; then\n"                             \
    "        set default=\"$ebb_next\"\n    fi\nfi\n"
#define ENTRY(title, name, options)                                                                \
    "if [ -f ($ebb)'/EFI/ebb/t/kernel-0' -a -f ($ebb)'/EFI/ebb/t/image-0' ]; then\n"               \
    "menuentry " title " \"$ebb\" --id '" name "' {\n    set root=\"$2\"\n"                        \
    "    linux '/EFI/ebb/t/kernel-0'" options "\n    initrd '/EFI/ebb/t/image-0'\n}\nfi\n"

/* The whole menu, as GRUB's own parser accepts it. */
static void assert_menu(const struct grub_entry *entries, size_t count, const char *expected)
{
    auto_arena arena = arena_new();
    const char *menu = grub_menu(arena, "t", "ebb-t-default.conf", entries, count);
    assert_string_equal(menu, expected);
    put("menu", menu);
    if (succeeds("command -v grub-script-check > /dev/null"))
        must_run("grub-script-check menu");
}

static void test_menu(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct grub_entry entries[] = {
        {"ebb-t-default.conf",
         {.title = "Tide 1", .options = "quiet  a=1", .kernel = kernel, .image = image}},
        {"ebb-t-g000001.conf", {.kernel = kernel, .image = image}},
    };
    assert_menu(NULL, 0, BEGINNING);
    assert_menu(entries, ARRAY_LENGTH(entries),
                BEGINNING ENTRY("'Tide 1'", "ebb-t-default.conf", " 'quiet' 'a=1'")
                    ENTRY("'ebb-t-g000001.conf'", "ebb-t-g000001.conf", ""));
}

static void test_unified(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct grub_entry entry = {"a.efi",
                                     {.title = "A", .kernel = {.path = "/EFI/Linux/a.efi"}}};
    assert_menu(&entry, 1,
                BEGINNING "if [ -f ($ebb)'/EFI/Linux/a.efi' ]; then\n"
                          "menuentry 'A' \"$ebb\" --id 'a.efi' {\n    set root=\"$2\"\n"
                          "    chainloader '/EFI/Linux/a.efi'\n}\nfi\n");
}

static void test_quoting(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct grub_entry entry = {"n",
                                     {.title = "it's $root \"x\" \\ {} ; # `",
                                      .options = "a=$b x=\"1 2\" \"y=3 4\" {;} z=\"",
                                      .kernel = kernel,
                                      .image = image}};
    assert_menu(&entry, 1,
                BEGINNING ENTRY("'it'\\''s $root \"x\" \\ {} ; # `'", "n",
                                " 'a=$b' 'x=1 2' 'y=3 4' '{;}' 'z='"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_menu), TEST(test_unified), TEST(test_quoting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
