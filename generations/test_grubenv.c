/* GRUB's environment block, beside what GRUB's own tool makes of it. */
#include "base/testdata/scratch.h"

#include "generations/grubenv.h"

static void make_block(const char *variables)
{
    must_run("rm -f block && grub-editenv block create");
    if (*variables)
        must_run("grub-editenv block set %s", variables);
}

static void set_next(const char *entry)
{
    struct error error;
    auto_fd here = open_folder("."), fd = grubenv_open(here, "block", &error);
    assert_outcome("set", grubenv_set_next(fd, entry, &error), &error, NULL);
}

static void assert_next(const char *expected)
{
    struct error error;
    const char *entry = "?";
    auto_arena arena = arena_new();
    auto_fd here = open_folder("."), fd = grubenv_open(here, "block", &error);
    assert_outcome("next", grubenv_next(arena, fd, &entry, &error), &error, NULL);
    if (expected)
        assert_string_equal(entry, expected);
    else
        assert_null(entry);
}

static void assert_list(const char *expected)
{
    auto_string found = output_of("grub-editenv block list");
    assert_string_equal(found, expected);
    must_run("test $(stat -c %%s block) = 1024");
}

static void test_next(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("grub-editenv");
    make_block("");
    assert_next(NULL);
    auto_string inode = output_of("stat -c %%i block");
    set_next("ebb-t-g000002.conf");
    assert_list("next_entry=ebb-t-g000002.conf");
    assert_next("ebb-t-g000002.conf");
    set_next("ebb-t-g000003.conf");
    assert_list("next_entry=ebb-t-g000003.conf");
    must_run("grub-editenv block set next_entry="); /* as GRUB does it */
    assert_next(NULL);
    set_next(NULL);
    assert_list("");
    must_run("grub-editenv other create && cmp block other");
    must_run("test $(stat -c %%i block) = %s", inode);
}

static void test_others(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("grub-editenv");
    make_block("saved_entry=0 next_entry=x odd='a\\b\nnext_entry=y' last=#");
    assert_next("x");
    auto_string before = output_of("grub-editenv block list | grep -vx next_entry=x");
    set_next("z");
    assert_next("z");
    auto_arena arena = arena_new();
    assert_list(arena_printf(arena, "next_entry=z\n%s", before));
    set_next(NULL);
    assert_list(before);
}

static void assert_wrong(const char *name, const char *entry, const char *expected)
{
    struct error error;
    auto_fd here = open_folder("."), fd = grubenv_open(here, "block", &error);
    assert_outcome(name, fd < 0 ? fd : grubenv_set_next(fd, entry, &error), &error, expected);
}

static void test_wrong(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    static const char damaged[] =
        "GRUB's environment block is damaged; make it anew with `ebb boot install`";
    char block[GRUBENV_SIZE + 1] = "";
    assert_wrong("missing", "x",
                 "there is no \"block\" on the boot partition, by which GRUB is told the next "
                 "entry; make it with `ebb boot install`");
    grubenv_empty(block);
    put("block", block);
    assert_wrong("line", "a\nb", "\"a\nb\" cannot be told to GRUB: it is no entry");
    assert_content("block", block);
    put("block", block + 1);
    assert_wrong("short", "x", damaged);
    block[0] = '?';
    put("block", block);
    assert_wrong("header", "x", damaged);
    assert_content("block", block);
    block[0] = '#';
    memset(block + 25, 'v', 900);
    block[25 + 899] = '\n';
    put("block", block);
    char entry[200] = "";
    memset(entry, 'e', 150);
    assert_wrong("full", entry,
                 "GRUB's environment block is full; remove variables of yours from it with "
                 "grub-editenv");
    assert_content("block", block);
}

static void test_overlay(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    char block[GRUBENV_SIZE + 1] = "";
    grubenv_empty(block);
    must_run("mkdir lower upper work over");
    put("lower/block", block);
    if (mount("over", "over", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") < 0)
        skip_because("overlays cannot be mounted here");
    struct error error;
    auto_fd over = open_folder("over"), fd = grubenv_open(over, "block", &error);
    assert_outcome("overlay", grubenv_set_next(fd, "x", &error), &error,
                   "GRUB cannot write to an overlay, so the next entry would be booted for ever; "
                   "use a boot partition with vfat");
    assert_content("over/block", block);
    assert_int_equal(umount2("over", MNT_DETACH), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_next), TEST(test_others), TEST(test_wrong),
                                       TEST(test_overlay)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
