/* What the verbs find in generations whose trees are images. */
#include "base/testdata/images.h"

#include "tool/boot_testing.h"

#include "tool/diff.h"
#include "tool/list.h"

/* Two generations of a kernel that this machine does not have, with just the modules that are
 * wanted: one is a folder, the other an image with one file more. `kernel` says the kernel. */
static void make_shapes(const char *type, const char *kernel)
{
    need_loop();
    setenv("TZ", "UTC", 1);
    make_root();
    must_run(GENERATIONS
             "rm -r */tree/lib */tree/boot && cd 1/tree && mkdir -p boot lib/modules/0.1 &&"
             "{ %s; } > boot/vmlinuz-0.1 && cd /lib/modules/%s && cp -r --parents "
             "modules.builtin* modules.order kernel/crypto/crc* kernel/lib/crc16.ko "
             "kernel/lib/libcrc32c.ko kernel/arch/*/crypto/crc* kernel/fs/ext4 kernel/fs/jbd2 "
             "kernel/fs/mbcache.ko kernel/fs/fat kernel/fs/nls/nls_[aciu]* "
             "$OLDPWD/lib/modules/0.1 && PATH=$PATH:/sbin:/usr/sbin depmod -b $OLDPWD 0.1",
             kernel, any_kernel());
    must_run(GENERATIONS "cp -rp 1/tree new && echo 'PRETTY_NAME=\"Tide 2\"' > new/etc/os-release "
                         "&& touch new/more && rm -r 2/tree");
    make_images("root/persist/generations/new", "root/persist/generations/2/tree");
    must_run(GENERATIONS "rm -r new && mv 2/tree.%s kept && rm 2/tree.* && mv kept 2/tree.%s", type,
             type);
}

#define WROTE                                                                                      \
    "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\nwrote " T        \
    "g000002.conf\nwrote " T "g000001.conf\n5 boot entries\n"

/* The modules in the image are those of the tree. */
static void test_boot(void **state)
{
    (void)state; /* the scratch folder is the current one */
    for (size_t i = 0; i < ARRAY_LENGTH(image_types); i++) {
        make_shapes(image_types[i], "echo kernel");
        assert_verb("sync", boot_sync, &usual, EXIT_DONE, WROTE, "");
        assert_entry("0a34-5678-9a-g000002", "kernel|panic=30 quiet ebb.generation=2");
        must_run("cd esp && grep -qx 'title Tide 2 (generation 2, 2026-02-02)' "
                 "loader/entries/*g000002.conf && list() { zstd -dqc "
                 "$(sed -n 's,^initrd /,,p' loader/entries/*$1.conf) | cpio -it --quiet; } &&"
                 "list g000002 | grep -q lib/modules/0.1/kernel/fs/ext4/ext4.ko &&"
                 "list g000001 > ../one && list g000002 | cmp - ../one && cd .. && rm -r esp root");
    }
}

static void test_unified(void **state)
{
    (void)state; /* as above */
    static const char stub[] = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
    if (access(stub, R_OK) < 0)
        skip_because("the stub of systemd is not installed");
    make_shapes("erofs", "cat /usr/lib/systemd/boot/efi/linuxx64.efi.stub; echo; echo kernel");
    need_tool("objcopy");
    must_run("sed -i 's,^boot .*,& uki=yes,' ebb.conf");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, WROTE, "");
    must_run("objcopy -O binary --dump-section .linux=linux --dump-section .uname=uname "
             "esp/EFI/Linux/*-g000002.efi /dev/null && test $(cat uname) = 0.1 &&"
             "cmp -n $(stat -c %%s root/persist/generations/1/tree/boot/vmlinuz-0.1) linux "
             "root/persist/generations/1/tree/boot/vmlinuz-0.1");
}

static void test_half(void **state)
{
    (void)state; /* as above */
    make_shapes("erofs", "echo kernel");
    must_run(GENERATIONS "head -c 8192 2/tree.erofs > half && mv half 2/tree.erofs &&"
                         "sed -i 's,:/generations,& default=1,' ../../../ebb.conf");
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    assert_int_equal(boot_sync((struct target){root, ""}, &usual, out), EXIT_NO);
    fclose(out);
    auto_string log = log_end();
    assert_non_null(
        strstr(log, "ebb: generation 2 gets no boot entry: its image: it has 8192 bytes of "));
    assert_non_null(strstr(text, "g000001.conf\n4 boot entries\n"));
}

static void test_list_and_diff(void **state)
{
    (void)state; /* as above */
    const struct list_wish list = {.place = {.config = "ebb.conf"}, .json = true};
    const struct diff_wish diff = {.place = list.place, .old = "1", .new = "2"};
    for (size_t i = 0; i < ARRAY_LENGTH(image_types); i++) {
        auto_string listed = NULL;
        auto_string text = NULL;
        make_shapes(image_types[i], "echo kernel");
        auto_fd root = open_folder("root");
        FILE *out = output_begin(&listed);
        assert_int_equal(list_tell((struct target){root, ""}, &list, out), EXIT_DONE);
        fclose(out);
        const char *second = strstr(listed, "\"number\":2");
        assert_non_null(second);
        assert_non_null(strstr(second, "\"kernels\":[\"0.1\"]"));
        out = output_begin(&text);
        assert_int_equal(diff_tell((struct target){root, ""}, &diff, out), DIFF_DIFFERENT);
        fclose(out);
        assert_text("diff", text,
                    "- generation 1  2026-02-01 04:05  0.1\n+ generation 2  2026-02-02 04:05  0.1\n"
                    "\nfiles:\n~ /etc/os-release\n+ /more\n1 added, 0 removed, 1 changed\n");
        must_run("test -z \"$(losetup -j root/persist/generations/2/tree.%s)\" && rm -r root",
                 image_types[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_boot), TEST(test_unified), TEST(test_half),
                                       TEST(test_list_and_diff)};
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
