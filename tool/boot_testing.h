/* What the tests of `ebb boot` share: a scratch root whose volume and boot partition are folders.
 * The kernels are made up, the images are real. */
#ifndef EBB_TOOL_BOOT_TESTING_H
#define EBB_TOOL_BOOT_TESTING_H

#include "tool/testing.h"

#include "base/testdata/kernel.h"
#include "tool/boot.h"
#include "tool/verb.h"

#define GENERATIONS "cd root/persist/generations && "

/* Generation N has the kernel "kernel N". */
UNUSED static void add_generation(unsigned number)
{
    must_run(GENERATIONS "mkdir -p %u/tree/boot %u/tree/etc %u/tree/lib/modules && cd %u &&"
                         "echo '{\"format\": 1, \"created\": \"2026-02-0%uT04:05:06Z\"}' > "
                         "generation.json && ln -s /lib/modules/%s tree/lib/modules &&"
                         "echo kernel %u > tree/boot/vmlinuz-%s &&"
                         "echo 'PRETTY_NAME=\"Tide 1\"' > tree/etc/os-release",
             number, number, number, number, number, any_kernel(), number, any_kernel());
}

UNUSED static void make_root(void)
{
    need_namespace();
    put("ebb.conf", "volume state LABEL=state { fs ext4; mount /persist }\n"
                    "volume esp LABEL=ebb-test-esp { fs vfat }\n"
                    "generations state:/generations\n"
                    "boot esp:/ options=quiet timeout=7s\n");
    must_run("mkdir -p root/persist/.ebb root/persist/generations root/run/ebb efivars esp &&"
             "mkdir -p root/usr/lib/systemd/boot/efi &&"
             "echo loader > root/usr/lib/systemd/boot/efi/systemd-bootx64.efi &&"
             "echo 0A34-5678-9abcdef > root/persist/.ebb/store-id");
    add_generation(1);
    add_generation(2);
}

UNUSED static const struct boot_wish usual = {
    .config = "ebb.conf", .esp = "esp", .init_program = "/bin/true"};

UNUSED static void
assert_verb(const char *name,
            int (*verb)(struct target root, const struct boot_wish *wish, FILE *out),
            const struct boot_wish *wish, int code, const char *expected, const char *logged)
{
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int status = verb((struct target){root, ""}, wish, out);
    fclose(out);
    auto_string log = log_end();
    assert_text(name, log, logged);
    /* How much is free depends on the machine. */
    char *end = strstr(text, "free: ");
    if (end)
        strcpy(end, "free\n");
    assert_text(name, text, expected);
    assert_int_equal(status, code);
}

/* What an entry boots, and with which options: "kernel 1|quiet". */
UNUSED static void assert_entry(const char *name, const char *expected)
{
    auto_string found =
        output_of("cd esp && echo \"$(cat $(sed -n 's,^linux /,,p' loader/entries/ebb-%s.conf))|"
                  "$(sed -n 's/^options //p' loader/entries/ebb-%s.conf)\"",
                  name, name);
    assert_text(name, found, expected);
    must_run("cd esp && zstd -tq $(sed -n 's,^initrd /,,p' loader/entries/ebb-%s.conf)", name);
}

#define T "ebb-0a34-5678-9a-" /* twelve characters of the identity, in small letters */
#define WHOLE(name) T name ".conf: whole\n"
#define ALL_WHOLE                                                                                  \
    WHOLE("default") WHOLE("g000001") WHOLE("g000002") WHOLE("recovery") WHOLE("rollback")

UNUSED static void confirm(unsigned good, unsigned before)
{
    struct error error;
    auto_fd root = open_folder("root");
    assert_outcome("confirm",
                   boot_confirmed((struct target){root, ""}, &usual, good, before, &error), &error,
                   NULL);
}

UNUSED static void install(void)
{
    struct boot_wish wish = usual;
    wish.install = true;
    assert_verb("install", boot_sync, &wish, EXIT_DONE,
                "systemd-boot is put on the boot partition\n"
                "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"
                "wrote " T "g000002.conf\nwrote " T "g000001.conf\n5 boot entries\n",
                "");
}

#endif
