/* `ebb boot`, with unified images in the place of entries. The stub of systemd plays the kernels,
 * too: it is an EFI program, and what stands behind it makes them different. */
#include "tool/boot_testing.h"

#define STUB "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
#define IMAGE(name) "esp/EFI/Linux/" T name ".efi"
#define RECORDS "esp/EFI/ebb/0a34-5678-9a/entries"

static void make_kernel(unsigned number)
{
    must_run(GENERATIONS "{ cat " STUB "; echo; echo kernel %u; } > %u/tree/boot/vmlinuz-%s",
             number, number, any_kernel());
}

static void make_uki_root(const char *options)
{
    make_root();
    if (access(STUB, R_OK) < 0)
        skip_because("the stub of systemd is not installed");
    need_tool("objcopy");
    make_kernel(1);
    make_kernel(2);
    must_run("sed -i 's,^boot .*,& uki=yes %s,' ebb.conf", options);
}

#define WROTE                                                                                      \
    "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"                \
    "wrote " T "g000002.conf\nwrote " T "g000001.conf\n"

static void install_images(void)
{
    struct boot_wish wish = usual;
    wish.install = true;
    assert_verb("install", boot_sync, &wish, EXIT_DONE,
                "systemd-boot is put on the boot partition\n" WROTE "5 boot entries\n", "");
}

static void assert_good(void)
{
    assert_verb("status", boot_status, &usual, EXIT_DONE,
                ALL_WHOLE "default: " T "default*\nfree\n", "");
}

/* "kernel 1|panic=30 quiet" */
static void assert_image(const char *name, const char *expected)
{
    auto_string found =
        output_of("objcopy -O binary --dump-section .linux=linux --dump-section .cmdline=cmdline "
                  "--dump-section .initrd=initrd " IMAGE(
                      "%s") " /dev/null && zstd -tq < initrd && "
                            "echo \"$(grep -ao '^kernel [0-9]' linux)|$(cat cmdline)\"",
                  name);
    assert_text(name, found, expected);
}

static void test_install(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_uki_root("");
    install_images();
    assert_image("default", "kernel 2|panic=30 quiet");
    assert_image("g000001", "kernel 1|panic=30 quiet ebb.generation=1");
    assert_image("g000002", "kernel 2|panic=30 quiet ebb.generation=2");
    assert_image("rollback", "kernel 2|panic=30 quiet ebb.generation=previous");
    assert_image("recovery", "kernel 2|panic=30 quiet ebb.generation=menu");
    must_run("test \"$(ls esp/EFI/ebb/0a34-5678-9a)\" = entries && test ! -e esp/loader/entries &&"
             "objcopy -O binary --dump-section .osrel=osrel --dump-section .uname=uname " IMAGE(
                 "g000001") " /dev/null && test \"$(cat uname)\" = %s",
             any_kernel());
    assert_content("osrel", "ID=ebb\nPRETTY_NAME=\"Tide 1 (generation 1, 2026-02-01)\"\n"
                            "IMAGE_ID=ebb-0a34-5678-9a\nIMAGE_VERSION=000001\n");
    assert_content("esp/loader/loader.conf", "default " T "default*\ntimeout 7\n");
    assert_good();
    /* Nothing to do, and nothing is done: neither kernels nor the stub are needed to see that. */
    must_run("find esp -printf '%%p %%i %%T@\\n' | sort > before && rm -r "
             "root/persist/generations/?/tree/boot");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, "5 boot entries\n", "");
    must_run("find esp -printf '%%p %%i %%T@\\n' | sort | cmp - before");
}

/* What a confirmation makes, it makes of the images that are there. */
static void test_confirmed(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_uki_root("");
    install_images();
    must_run("rm -r root/persist/generations/?/tree/boot");
    put_record(0, 1, 0);
    confirm(1, 2);
    assert_image("default", "kernel 1|panic=30 quiet");
    assert_image("rollback", "kernel 2|panic=30 quiet ebb.generation=previous");
    assert_good();
    put_record(0, 2, 0);
    confirm(2, 1);
    assert_image("default", "kernel 2|panic=30 quiet");
    assert_image("rollback", "kernel 1|panic=30 quiet ebb.generation=previous");
    assert_image("recovery", "kernel 1|panic=30 quiet ebb.generation=menu");
    assert_good();
    must_run("rm -r root/persist/generations/1 && echo other > esp/EFI/Linux/other.efi &&"
             "echo x > esp/EFI/Linux/other.efi.tmp && echo x > " IMAGE("g000009") ".tmp");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE,
                "removed " T "g000001.conf\nremoved " T "g000001.efi\n4 boot entries\n", "");
    assert_image("rollback", "kernel 1|panic=30 quiet ebb.generation=previous");
    must_run("test \"$(ls esp/EFI/Linux | wc -l)\" = 6 && test -e esp/EFI/Linux/other.efi.tmp");
}

static void test_damage(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_uki_root("");
    install_images();
    must_run("printf x | dd conv=notrunc status=none bs=1 seek=9999 of=" IMAGE("g000001"));
    assert_verb("status", boot_status, &usual, EXIT_NO,
                WHOLE("default") T
                "g000001.conf: \"/EFI/Linux/" T "g000001.efi\" on the boot "
                "partition is damaged; make it anew with `ebb boot sync --rebuild`\n" WHOLE(
                    "g000002") WHOLE("recovery") WHOLE("rollback") "default: " T "default*\nfree\n",
                "");
    struct boot_wish wish = usual;
    wish.rebuild = true;
    assert_verb("rebuild", boot_sync, &wish, EXIT_DONE, "wrote " T "g000001.conf\n5 boot entries\n",
                "");
    assert_good();
    must_run("sed -i '/^# inner/d' " RECORDS
             "/*recovery.conf && rm " IMAGE("default") " && sed -i s/quiet/debug/ ebb.conf");
    assert_verb("status", boot_status, &usual, EXIT_NO,
                T "default.conf: its kernel is missing\n" WHOLE("g000001") WHOLE("g000002") T
                "recovery.conf: it is not whole\n" WHOLE(
                    "rollback") "to be written anew: " T "default.conf\n"
                                "to be written anew: " T "rollback.conf\nto be written anew: " T
                                "recovery.conf\n"
                                "to be written anew: " T "g000002.conf\nto be written anew: " T
                                "g000001.conf\n"
                                "default: " T "default*\nfree\n",
                "");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, WROTE "5 boot entries\n", "");
    assert_image("g000001", "kernel 1|panic=30 debug ebb.generation=1");
    assert_good();
}

static void test_signed(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("sbverify");
    need_tool("openssl");
    auto_string here = output_of("pwd");
    auto_arena arena = arena_new();
    make_uki_root(arena_printf(arena, "key=%s/key certificate=%s/certificate", here, here));
    must_run("openssl req -newkey rsa:2048 -nodes -keyout key -new -x509 -subj /CN=test -out "
             "certificate 2> /dev/null");
    install_images();
    must_run("for i in esp/EFI/Linux/*; do sbverify --cert certificate $i > /dev/null 2>&1 || "
             "exit 1; done");
    put_record(0, 1, 0);
    confirm(1, 2);
    must_run("sbverify --cert certificate " IMAGE("default") " > /dev/null 2>&1");
    assert_image("default", "kernel 1|panic=30 quiet");
    assert_good();
}

/* From entries to images and back: what was there goes, but when the other is there. */
static void test_change(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_uki_root("");
    must_run("cp ebb.conf uki.conf && sed -i 's/uki=yes/loader=grub/' ebb.conf");
    assert_verb("entries", boot_sync, &usual, EXIT_DONE, WROTE "5 boot entries\n", "");
    struct boot_wish wish = usual;
    wish.config = "uki.conf";
    must_run("find esp -type f ! -path '*/Linux/*' | wc -l > count && test $(cat count) -gt 10");
    assert_verb(
        "another loader", boot_sync, &wish, EXIT_NO, "",
        "ebb: the boot partition has a menu for GRUB, which is not declared any more, and "
        "which would find no kernels; run `ebb boot install`, or write loader=grub again\n");
    wish.install = true;
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    FILE *out = output_begin(&text);
    assert_int_equal(boot_sync((struct target){root, ""}, &wish, out), EXIT_DONE);
    fclose(out);
    assert_contains(text, "removed " T "default.conf\n");
    must_run("test $(find esp -type f | wc -l) = 14 && test $(ls esp/EFI/Linux | wc -l) = 5");
    assert_verb("entries", boot_sync, &usual, EXIT_DONE,
                WROTE "removed " T "default.conf\nremoved " T "g000001.conf\nremoved " T
                      "g000002.conf\nremoved " T "recovery.conf\nremoved " T
                      "rollback.conf\nremoved " T "default.efi\nremoved " T
                      "g000001.efi\nremoved " T "g000002.efi\nremoved " T "recovery.efi\nremoved " T
                      "rollback.efi\n5 boot entries\n",
                "");
    must_run("test -z \"$(ls esp/EFI/Linux " RECORDS " | grep ebb-)\"");
}

static void test_grub(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_uki_root("loader=grub");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, WROTE "5 boot entries\n", "");
    must_run("cd esp/EFI/ebb && grep -qx \"set default='" T "default.efi'\" *.cfg && "
             "grep -qx \"    chainloader '/EFI/Linux/" T "g000001.efi'\" *.cfg && "
             "grep -q \"^menuentry .* --id '" T "g000001.efi' {$\" *.cfg");
    assert_verb("status", boot_status, &usual, EXIT_DONE,
                ALL_WHOLE "default: " T "default.efi\nfree\n", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_install), TEST(test_confirmed), TEST(test_damage),
                                       TEST(test_signed),  TEST(test_change),    TEST(test_grub)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
