/* `ebb boot`, with systemd-boot. */
#include "tool/boot_testing.h"

#include "tool/gc.h"

static void test_install(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    install();
    assert_entry("0a34-5678-9a-default", "kernel 2|panic=30 quiet");
    assert_entry("0a34-5678-9a-g000001", "kernel 1|panic=30 quiet ebb.generation=1");
    assert_entry("0a34-5678-9a-g000002", "kernel 2|panic=30 quiet ebb.generation=2");
    assert_entry("0a34-5678-9a-rollback", "kernel 2|panic=30 quiet ebb.generation=previous");
    assert_entry("0a34-5678-9a-recovery", "kernel 2|panic=30 quiet ebb.generation=menu");
    must_run("cd esp && grep -q '^linux /EFI/ebb/0a34-5678-9a/rollback-kernel-' "
             "loader/entries/*rollback.conf && grep -qx 'title Tide 1 (generation 1, 2026-02-01)' "
             "loader/entries/*g000001.conf && test \"$(cat loader/entries.srel)\" = type1 &&"
             "grep -qx loader EFI/BOOT/BOOTX64.EFI && grep -qx loader "
             "EFI/systemd/systemd-bootx64.efi && test -z \"$(find . -name '*.tmp')\"");
    assert_content("esp/loader/loader.conf", "default " T "default*\ntimeout 7\n");
    assert_verb("status", boot_status, &usual, EXIT_DONE,
                ALL_WHOLE "default: " T "default*\nfree\n", "");
    /* Nothing to do, and nothing is done: no kernel is needed to see that. */
    must_run("find esp -printf '%%p %%i %%T@\\n' | sort > before && rm -r "
             "root/persist/generations/?/tree/boot");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, "5 boot entries\n", "");
    must_run("find esp -printf '%%p %%i %%T@\\n' | sort | cmp - before");
}

static void test_settings(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run("mkdir -p esp/loader esp/EFI/BOOT && echo theirs > esp/EFI/BOOT/BOOTX64.EFI");
    put("esp/loader/loader.conf", "# mine\ndefault  debian-* \neditor no\ndefaults x\n");
    struct boot_wish wish = usual;
    wish.rebuild = true;
    assert_verb("sync", boot_sync, &wish, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"
                "wrote " T "g000002.conf\nwrote " T "g000001.conf\n5 boot entries\n",
                "");
    assert_content("esp/loader/loader.conf", "# mine\ndefault  debian-* \neditor no\ndefaults x\n");
    assert_verb("status", boot_status, &usual, EXIT_NO,
                ALL_WHOLE "default: debian-*, and not " T "default*; `ebb boot install` sets "
                          "it\nfree\n",
                "");
    wish = usual;
    wish.install = true;
    assert_verb("install", boot_sync, &wish, EXIT_DONE,
                "the default of the boot loader was \"debian-*\", and is " T "default*\n"
                "5 boot entries\n",
                "");
    assert_content("esp/loader/loader.conf",
                   "default " T "default*\n# mine\neditor no\ndefaults x\n");
    must_run("grep -qx theirs esp/EFI/BOOT/BOOTX64.EFI && test ! -e esp/EFI/systemd");
}

#define VARIABLE "efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static void test_variable(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    install();
    struct boot_wish wish = usual;
    wish.efivars = "efivars";
    assert_verb("none", boot_status, &wish, EXIT_DONE, ALL_WHOLE "default: " T "default*\nfree\n",
                "");
    must_run("printf '\\007\\0\\0\\0d\\0.\\0c\\0\\0\\0' > " VARIABLE);
    assert_verb("set", boot_status, &wish, EXIT_NO,
                ALL_WHOLE
                "default: d.c, by the EFI variable LoaderEntryDefault; `ebb boot install` "
                "unsets it\nfree\n",
                "");
    assert_verb("sync", boot_sync, &wish, EXIT_DONE, "5 boot entries\n",
                "ebb: the EFI variable LoaderEntryDefault is set, so the boot loader boots what it "
                "says and not our default; `ebb boot install` unsets it\n");
    wish.install = true;
    assert_verb("install", boot_sync, &wish, EXIT_DONE,
                "5 boot entries\nthe EFI variable LoaderEntryDefault is not set any more\n", "");
    must_run("test ! -e " VARIABLE);
}

static void test_damage(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    install();
    must_run(
        "cd esp && echo 'kernel X' > $(sed -n 's,^linux /,,p' loader/entries/*g000001.conf) &&"
        ": > loader/entries/" T "recovery.conf && echo x > loader/entries/" T "g000003.conf.tmp &&"
        "echo x > EFI/ebb/0a34-5678-9a/image-12.tmp && echo x > loader/loader.conf.tmp &&"
        "echo x > EFI/ebb/0a34-5678-9a/kernel-old && echo other > loader/entries/other.conf.tmp");
    auto_string path = output_of("sed -n 's,^linux ,,p' esp/loader/entries/*g000001.conf");
    auto_arena arena = arena_new();
    const char *status = arena_printf(
        arena,
        WHOLE("default") T "g000001.conf: \"%s\" on the boot partition is damaged; make it anew "
                           "with `ebb boot sync --rebuild`\n" WHOLE("g000002") T
        "recovery.conf: it is empty\n" WHOLE(
            "rollback") "to be written anew: " T "recovery.conf\n"
                        "of no use: /EFI/ebb/0a34-5678-9a/kernel-old\n"
                        "left half done: /EFI/ebb/0a34-5678-9a/image-12.tmp\n"
                        "left half done: /loader/entries/" T "g000003.conf.tmp\n"
                        "left half done: /loader/loader.conf.tmp\n"
                        "default: " T "default*\nfree\n",
        path);
    assert_verb("status", boot_status, &usual, EXIT_NO, status, "");
    struct boot_wish wish = usual;
    wish.rebuild = true;
    assert_verb("sync", boot_sync, &wish, EXIT_DONE,
                "wrote " T "recovery.conf\nremoved kernel-old\n5 boot entries\n", "");
    assert_verb("status", boot_status, &usual, EXIT_DONE,
                ALL_WHOLE "default: " T "default*\nfree\n", "");
    must_run("cd esp && test \"$(find . -name '*.tmp')\" = ./loader/entries/other.conf.tmp");
    /* Of another size it is found without reading it; who names it has no use. */
    must_run("cd esp && echo longer >> $(sed -n 's,^linux /,,p' loader/entries/*g000001.conf)");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, "wrote " T "g000001.conf\n5 boot entries\n",
                "");
    assert_entry("0a34-5678-9a-g000001", "kernel 1|panic=30 quiet ebb.generation=1");
}

/* Where no boot was confirmed, that of the running system is known to start, and a newer one not.
 */
static void test_unconfirmed(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"generation\":1,\"root\":{\"type\":\"tmpfs\",\"tree\":"
        "\"/persist/generations/1/tree\"},\"volumes\":[],\"microseconds\":1,\"setbacks\":[],"
        "\"steps\":[]}");
    install();
    assert_entry("0a34-5678-9a-default", "kernel 1|panic=30 quiet");
    must_run("rm root/run/ebb/status.json");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, "wrote " T "default.conf\n5 boot entries\n",
                "");
    assert_entry("0a34-5678-9a-default", "kernel 2|panic=30 quiet");
}

/* The kernel of the default entry is one that was good; that of rollback the one before. */
static void test_confirmed(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run("rm -r root/persist/generations/2");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"
                "wrote " T "g000001.conf\n4 boot entries\n",
                "");
    put_record(0, 1, 0);
    confirm(1, 0);
    assert_entry("0a34-5678-9a-rollback", "kernel 1|panic=30 quiet ebb.generation=previous");
    add_generation(2);
    assert_verb("sync", boot_sync, &usual, EXIT_DONE, "wrote " T "g000002.conf\n5 boot entries\n",
                "");
    assert_entry("0a34-5678-9a-default", "kernel 1|panic=30 quiet");
    put_record(0, 2, 0);
    confirm(2, 1);
    assert_entry("0a34-5678-9a-default", "kernel 2|panic=30 quiet");
    assert_entry("0a34-5678-9a-rollback", "kernel 1|panic=30 quiet ebb.generation=previous");
    confirm(2, 2);
    assert_entry("0a34-5678-9a-rollback", "kernel 1|panic=30 quiet ebb.generation=previous");
    add_generation(3);
    put_record(0, 3, 0);
    assert_verb("sync", boot_sync, &usual, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "g000003.conf\n6 boot entries\n", "");
    confirm(3, 2);
    assert_entry("0a34-5678-9a-rollback", "kernel 2|panic=30 quiet ebb.generation=previous");
    assert_entry("0a34-5678-9a-recovery", "kernel 2|panic=30 quiet ebb.generation=menu");
    must_run("test $(ls esp/EFI/ebb/0a34-5678-9a/rollback-* | wc -l) = 2");
    must_run("rm -r root/persist/generations/1");
    assert_verb(
        "status", boot_status, &usual, EXIT_NO,
        WHOLE("default") WHOLE("g000001") WHOLE("g000002") WHOLE("g000003") WHOLE("recovery") WHOLE(
            "rollback") "of no use: /loader/entries/" T
                        "g000001.conf\nof no use: /EFI/ebb/0a34-5678-9a/kernel-d81f0481e2bad3fb\n"
                        "default: none, and not " T "default*; `ebb boot install` sets it\nfree\n",
        "");
}

static void test_texts(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    install();
    put("root/persist/generations/1.label", "before\n");
    must_run("sed -i s/quiet/debug/ ebb.conf && echo 00112233445566778899aabbccddeeff > "
             "root/persist/generations/1/tree/etc/machine-id");
    assert_verb("sync", boot_sync, &usual, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"
                "wrote " T "g000002.conf\nwrote " T "g000001.conf\n5 boot entries\n",
                "");
    must_run("cd esp/loader/entries && grep -qx 'title Tide 1 (generation 1, before, 2026-02-01)' "
             "*g000001.conf && grep -qx 'machine-id 00112233445566778899aabbccddeeff' "
             "*g000001.conf && ! grep machine-id *g000002.conf *default.conf");
    assert_entry("0a34-5678-9a-g000001", "kernel 1|panic=30 debug ebb.generation=1");
}

/* The image of a generation is that of its own configuration. */
static void test_own_config(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run("sed 's/^boot.*/rescue reboot/' ebb.conf > root/persist/generations/2/ebb.conf");
    install();
    must_run("cd esp && zstd -dqc $(sed -n 's,^initrd /,,p' loader/entries/*g000002.conf) | "
             "cpio -i --quiet --to-stdout etc/ebb/ebb.conf | grep -qx 'rescue reboot' &&"
             "zstd -dqc $(sed -n 's,^initrd /,,p' loader/entries/*g000001.conf) | "
             "cpio -i --quiet --to-stdout etc/ebb/ebb.conf | cmp - ../ebb.conf");
}

static void test_failures(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run(GENERATIONS "rm 1/tree/boot/* && mkdir 3 && echo '{' > 3/generation.json &&"
                         "mkdir 4 && echo '{\"format\": 1}' > 4/generation.json &&"
                         "mkdir -p 4/tree && echo 'roof' > 4/ebb.conf && cp -a 2/tree 4");
    must_run("sed -i 's,:/generations,& default=2,' ebb.conf");
    assert_verb(
        "sync", boot_sync, &usual, EXIT_NO,
        "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\nwrote " T
        "g000002.conf\n4 boot entries\n",
        "ebb: generation 3 gets no boot entry: the generation.json of generation 3 is not whole; "
        "boot another one with ebb.generation=\n"
        "ebb: generation 4 gets no boot entry: its ebb.conf has errors; the first, in line 1: "
        "unknown directive \"roof\"; did you mean \"root\"?\n"
        "ebb: generation 1 gets no boot entry: it has no kernel in its /boot, as vmlinuz-VERSION, "
        "nor beside its modules; install one in it with `ebb new`\n");
    must_run("sed -i 's,default=2,default=1,' ebb.conf && rm -r esp && mkdir esp");
    assert_verb(
        "default", boot_sync, &usual, EXIT_NO, "",
        "ebb: generation 3 gets no boot entry: the generation.json of generation 3 is not whole; "
        "boot another one with ebb.generation=\n"
        "ebb: generation 1 gets no boot entry: it has no kernel in its /boot, as vmlinuz-VERSION, "
        "nor beside its modules; install one in it with `ebb new`\n"
        "ebb: generation 4 gets no boot entry: its ebb.conf has errors; the first, in line 1: "
        "unknown directive \"roof\"; did you mean \"root\"?\n"
        "ebb: no entry can be made for generation 1, which is to be booted by default\n");
    must_run("test -z \"$(ls -A esp)\"");
}

/* Copies of one kernel of 8 MiB need more than 17 MiB, and two kernels with copies of one 24. */
static void test_room(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run(GENERATIONS "for i in 1 2; do truncate -s 8M $i/tree/boot/vmlinuz-*; done");
    assert_int_equal(mount("esp", "esp", "tmpfs", 0, "size=17m"), 0);
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int status = boot_sync((struct target){root, ""}, &usual, out);
    fclose(out);
    auto_string log = log_end();
    assert_int_equal(status, EXIT_NO);
    assert_contains(log, "ebb: the boot partition has 17.0 MiB free, and the entries that are "
                         "needed take ");
    must_run("test -z \"$(ls -A esp)\"");
    assert_int_equal(mount(NULL, "esp", NULL, MS_REMOUNT, "size=23m"), 0);
    assert_verb("left out", boot_sync, &usual, EXIT_DONE,
                "wrote " T "default.conf\nwrote " T "rollback.conf\nwrote " T "recovery.conf\n"
                "wrote " T "g000002.conf\nleft out " T "g000001.conf: there is no room\n"
                "4 boot entries\n",
                "");
    assert_int_equal(umount2("esp", MNT_DETACH), 0);
}

static void test_wrong(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    struct boot_wish wish = usual;
    wish.esp = "nowhere";
    assert_verb("nowhere", boot_sync, &wish, EXIT_NO, "",
                "ebb: cannot open \"nowhere\": No such file or directory\n");
    wish.esp = NULL;
    assert_verb(
        "no device", boot_status, &wish, EXIT_NO, "",
        "ebb: there is no \"LABEL=ebb-test-esp\", which the volume \"esp\" is declared to be; "
        "connect the disk, or name a mounted boot partition with --esp\n");
    must_run("sed -i /^boot/d ebb.conf");
    assert_verb("undeclared", boot_status, &wish, EXIT_NO, "",
                "ebb: no boot partition is declared; add `boot VOLUME:/` to ebb.conf, or name a "
                "mounted one with --esp\n");
    wish = usual;
    wish.install = true;
    must_run("rm root/usr/lib/systemd/boot/efi/*");
    assert_verb("no loader", boot_sync, &wish, EXIT_NO, "",
                "ebb: there is no boot loader on the boot partition, and no "
                "\"/usr/lib/systemd/boot/efi/systemd-bootx64.efi\" to put there; install "
                "systemd-boot, or bring your own with --no-loader\n");
    must_run("test -z \"$(ls -A esp)\"");
}

/* Nobody should find an entry of a generation that is no more. */
static void test_deleted(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    install();
    const struct gc_wish wish = {
        .place.config = usual.config, .boot = usual, .keep = {.said = true, .last = 1}};
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    FILE *out = output_begin(&text);
    assert_int_equal(gc_collect((struct target){root, ""}, &wish, out), EXIT_DONE);
    fclose(out);
    assert_contains(text, "deleted generation 1\n");
    assert_contains(text, "removed " T "g000001.conf\n");
    must_run("test -e esp/loader/entries/" T "g000002.conf");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_install), TEST(test_settings),   TEST(test_variable),    TEST(test_damage),
        TEST(test_texts),   TEST(test_own_config), TEST(test_failures),    TEST(test_confirmed),
        TEST(test_room),    TEST(test_wrong),      TEST(test_unconfirmed), TEST(test_deleted),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
