/* `ebb boot`, with GRUB: its menu follows the entries. */
#include "tool/boot_testing.h"

#include "generations/grubenv.h"

#define MENU "esp/EFI/ebb/0a34-5678-9a.cfg"
#define BLOCK "EFI/ebb/0a34-5678-9a.env"

static void make_grub_root(void)
{
    make_root();
    must_run("sed -i 's/^boot .*/& loader=grub/' ebb.conf");
}

/* The identities in the menu, in its order, without what all begin with. */
static void assert_menu(const char *name, const char *expected)
{
    auto_string found = output_of("sed -n 's/^menuentry.*--id .ebb-0a34-5678-9a-\\(.*\\).conf. "
                                  "{$/\\1/p' " MENU " | tr '\\n' ' '");
    assert_text(name, found, expected);
}

static void set_next(const char *entry)
{
    struct error error;
    auto_fd esp = open_folder("esp"), fd = grubenv_open(esp, BLOCK, &error);
    assert_outcome("next", grubenv_set_next(fd, entry, &error), &error, NULL);
}

static void install_grub(void)
{
    struct boot_wish wish = usual;
    wish.install = true;
    assert_verb("install", boot_sync, &wish, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"
                "wrote " T "g000002.conf\nwrote " T "g000001.conf\n5 boot entries\n",
                "");
}

static void test_install(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_grub_root();
    install_grub();
    assert_menu("install", "default g000002 g000001 rollback recovery ");
    must_run("test ! -e esp/EFI/BOOT && test ! -e esp/loader/loader.conf && cd esp &&"
             "grep -qF \" linux '$(sed -n 's,^linux ,,p' loader/entries/*rollback.conf)' "
             "'panic=30' 'quiet' "
             "'ebb.generation=previous'\" ../" MENU);
    assert_verb("status", boot_status, &usual, EXIT_DONE,
                ALL_WHOLE "default: " T "default.conf\nfree\n", "");
    must_run("find esp -printf '%%p %%i %%T@\\n' | sort > before");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, "5 boot entries\n", "");
    must_run("find esp -printf '%%p %%i %%T@\\n' | sort | cmp - before");
}

static void test_next(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_grub_root();
    install_grub();
    set_next(T "g000001.conf");
    assert_verb("status", boot_status, &usual, EXIT_DONE,
                ALL_WHOLE "default: " T "default.conf\nnext boot: " T "g000001.conf, once\nfree\n",
                "");
    add_generation(3);
    assert_verb("sync", boot_sync, &usual, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "g000003.conf\n6 boot entries\n", "");
    assert_menu("sync", "default g000003 g000002 g000001 rollback recovery ");
    struct boot_wish wish = usual;
    wish.json = true;
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    FILE *out = output_begin(&text);
    assert_int_equal(boot_status((struct target){root, ""}, &wish, out), EXIT_DONE);
    fclose(out);
    assert_contains(text, "\"next\":\"" T "g000001.conf\"");
}

static void test_confirmed(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_grub_root();
    install_grub();
    put_record(0, 1, 0);
    confirm(1, 0);
    assert_entry("0a34-5678-9a-default", "kernel 1|panic=30 quiet");
    must_run("cd esp && test $(grep -cF \" linux '$(sed -n 's,^linux ,,p' "
             "loader/entries/*default.conf)'\" ../" MENU ") = 2"); /* and generation 1 */
    assert_verb("status", boot_status, &usual, EXIT_DONE,
                ALL_WHOLE "default: " T "default.conf\nfree\n", "");
}

static void test_damage(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_grub_root();
    assert_verb("sync", boot_sync, &usual, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"
                "wrote " T "g000002.conf\nwrote " T "g000001.conf\n5 boot entries\n",
                "");
    must_run("rm " MENU " && echo x > esp/" BLOCK " && echo x > " MENU ".tmp");
    assert_verb("status", boot_status, &usual, EXIT_NO,
                ALL_WHOLE "to be written anew: /" BLOCK
                          "\nto be written anew: /EFI/ebb/0a34-5678-9a.cfg\nleft half done: "
                          "/EFI/ebb/0a34-5678-9a.cfg.tmp\ndefault: none, and not " T
                          "default.conf; `ebb boot install` sets it\nfree\n",
                "");
    assert_verb("again", boot_sync, &usual, EXIT_DONE, "5 boot entries\n", "");
    assert_menu("again", "default g000002 g000001 rollback recovery ");
    set_next(T "g000001.conf");
    must_run("test ! -e " MENU ".tmp");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_install), TEST(test_next), TEST(test_confirmed),
                                       TEST(test_damage)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
