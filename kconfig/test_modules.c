#include "base/testdata/shell.h"

#include <errno.h>
#include <libkmod.h>
#include <sys/stat.h>

#include "kconfig/devices.h"
#include "kconfig/index.h"
#include "kconfig/testdata/kernel.h"

static const char debian[] = "6.1.0-56-amd64";

/* "nvme" is one of those that every image has. */
static const struct kernel_module kernel_modules[] = {
    {"kernel/fs/ext4/ext4.ko", "depends=crc16,jbd2|softdep=pre: crypto-crc32c", "",
     "jbd2_start crc16_sum"},
    {"kernel/fs/jbd2/jbd2.ko", "depends=|softdep=pre: crypto-crc32c", "jbd2_start", ""},
    {"kernel/lib/crc16.ko", "depends=", "crc16_sum", ""},
    {"kernel/arch/x86/crypto/crc32c-intel.ko", "depends=|alias=crypto-crc32c", "", ""},
    {"kernel/crypto/crc32c_generic.ko", "depends=|alias=crypto-crc32c", "", ""},
    {"kernel/crypto/xxhash_generic.ko", "depends=|alias=crypto-xxhash64", "", ""},
    {"kernel/crypto/xts.ko", "depends=", "", ""},
    {"kernel/fs/btrfs/btrfs.ko",
     "depends=|softdep=pre: crypto-xxhash64|softdep=pre: crypto-crc32c|softdep=nls", "", ""},
    {"kernel/drivers/md/dm-crypt.ko", "depends=", "", ""},
    {"kernel/misc/many_d.ko", "depends=|alias=many", "", ""},
    {"kernel/misc/many_b.ko", "depends=|alias=many", "", ""},
    {"kernel/misc/many_e.ko", "depends=|alias=many", "", ""},
    {"kernel/misc/many_a.ko", "depends=|alias=many", "", ""},
    {"kernel/misc/many_c.ko", "depends=|alias=many", "", ""},
    {"kernel/misc/ring_a.ko", "depends=|softdep=pre: ring_b", "", ""},
    {"kernel/misc/ring_b.ko", "depends=|softdep=pre: ring_a atkbd post: late nothing", "", ""},
    {"kernel/misc/late.ko", "depends=", "", ""},
    {"kernel/misc/lost.ko", "depends=", "lost_symbol", ""},
    {"kernel/misc/alone.ko", "depends=lost", "", "lost_symbol"},
    {"kernel/drivers/nvme/host/nvme.ko",
     "depends=|alias=pci:v*d*sv*sd*bc01sc08i02*|firmware=nvme/a.bin|firmware=b.bin", "", ""},
    {"kernel/drivers/scsi/hba.ko", "depends=|alias=pci:v00001000d*|firmware=b.bin|firmware=hba", "",
     ""},
    {"kernel/drivers/hid/hid-odd.ko", "depends=|alias=hid:b0003*", "", ""},
    {"kernel/drivers/gpu/drm/gpu.ko", "depends=|alias=pci:v00001002d*|firmware=gpu", "", ""},
};

static char root[] = "/tmp/ebb-kernel-XXXXXX";

static int make_kernel(void **state)
{
    (void)state;
    kernel_make(root, kernel_modules, ARRAY_LENGTH(kernel_modules),
                "kernel/drivers/input/keyboard/atkbd.ko\n");
    static const struct {
        const char *path, *modalias;
    } devices[] = {
        {"sys/bus/hid/devices/0003:1/modalias", "hid:b0003g0001v1\n"},
        {"sys/bus/pci/devices/0000:00:1f.0/modalias", "pci:v00001000d00000001sv0sd0bc01sc07i00\n"},
        {"sys/bus/pci/devices/0000:00:02.0/modalias", "pci:v00001002d00000001sv0sd0bc03sc00i00\n"},
        {"sys/bus/pci/devices/0000:00:03.0/uevent", "not this\n"},
        {"sys/bus/pci/devices/0000:00:02.1/modalias", "pci:b"},
        {"sys/bus/pci/devices/0000:00:11.0/modalias", "pci:d"},
        {"sys/bus/pci/devices/0000:00:01.0/modalias", "pci:a"},
        {"sys/bus/pci/devices/0000:00:03.1/modalias", "pci:c"},
        {"sys/bus/acpi/devices/empty/modalias", ""},
        {"sys/bus/acpi/devices/PNP/modalias", "acpi:PNP0303:"},
        {"sys/bus/virtio/devices/virtio0/modalias", "virtio:d00000002v00001AF4\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++)
        kernel_write(root, devices[i].path, devices[i].modalias, strlen(devices[i].modalias));
    return 0;
}

static int remove_kernel(void **state)
{
    (void)state;
    kernel_remove(root);
    return 0;
}

static struct module_request request(const char *kernel, const char *const *names, size_t count)
{
    return (struct module_request){
        .root = root, .kernel = kernel, .names = names, .name_count = count};
}

/* The names in their order with soft dependencies, then the firmware; or the error. */
static const char *describe(struct arena *arena, const struct module_request *request)
{
    struct module_set set;
    struct error error = {0};
    int code = module_set_make(arena, request, &set, &error);
    if (code < 0) {
        assert_int_equal(code, -error.code);
        return arena_string(arena, error.text);
    }
    char *text = arena_string(arena, "");
    for (size_t i = 0; i < set.count; i++) {
        const char *deps = set.modules[i].softdeps;
        text = arena_printf(arena, "%s%s%s%s%s ", text, set.modules[i].name, deps ? "(" : "",
                            deps ? deps : "", deps ? ")" : "");
    }
    for (size_t i = 0; i < set.firmware_count; i++)
        text = arena_printf(arena, "%s<%s>", text, set.firmware[i]);
    return text;
}

static void test_closure(void **state)
{
    (void)state;
    static const char missing[] =
        "kernel \"6.1-test\" has no module \"ext5\", neither as a file nor "
        "built in: correct the name, or install what brings the module";
    static const struct {
        const char *names[3];
        size_t count;
        const char *expected;
    } cases[] = {
        {{NULL}, 0, "nvme <nvme/a.bin><b.bin>"},
        {{"nvme", "crc16"}, 2, "nvme crc16 <nvme/a.bin><b.bin>"},
        {{"ext4"},
         1,
         "nvme crc32c_intel crc32c_generic jbd2(pre: crc32c_intel crc32c_generic) crc16 "
         "ext4(pre: crc32c_intel crc32c_generic) <nvme/a.bin><b.bin>"},
        {{"btrfs"},
         1,
         "nvme xxhash_generic crc32c_intel crc32c_generic "
         "btrfs(pre: xxhash_generic crc32c_intel crc32c_generic) <nvme/a.bin><b.bin>"},
        {{"dm-crypt"}, 1, "nvme xts dm_crypt(pre: xts) <nvme/a.bin><b.bin>"},
        {{"ring_a"},
         1,
         "nvme ring_b(pre: ring_a post: late) late ring_a(pre: ring_b) <nvme/a.bin><b.bin>"},
        {{"crypto-xxhash64", "atkbd", "late"}, 3, "nvme xxhash_generic late <nvme/a.bin><b.bin>"},
        {{"late", "ext5", "ext6"}, 3, missing},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        struct module_request wanted = request(KERNEL_VERSION, cases[i].names, cases[i].count);
        assert_string_equal(describe(arena, &wanted), cases[i].expected);
    }
}

static void test_paths(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    static const char *const names[] = {"crc32c-intel"};
    struct module_request wanted = request(KERNEL_VERSION, names, 1);
    struct module_set set;
    struct error error;
    assert_int_equal(module_set_make(arena, &wanted, &set, &error), 0);
    assert_string_equal(set.kernel, KERNEL_VERSION);
    assert_string_equal(set.folder, arena_printf(arena, "%s/lib/modules/" KERNEL_VERSION, root));
    assert_int_equal(set.count, 2);
    assert_string_equal(set.modules[1].name, "crc32c_intel");
    assert_string_equal(set.modules[1].path, "kernel/arch/x86/crypto/crc32c-intel.ko");
}

static void test_devices(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct module_request wanted = request(KERNEL_VERSION, NULL, 0);
    wanted.sysfs = arena_printf(arena, "%s/sys", root);
    assert_string_equal(describe(arena, &wanted), "nvme hba hid_odd <nvme/a.bin><b.bin><hba>");
}

static void test_faults(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    static const char *const names[] = {"alone"};
    static const struct kernel_module lost = {"kernel/misc/lost.ko", "depends=", "lost_symbol", ""};
    struct module_request wanted = request("6.2", NULL, 0);
    const char *parent = arena_printf(arena, "%s/lib/modules", root);
    assert_string_equal(describe(arena, &wanted),
                        arena_printf(arena,
                                     "there are no modules of kernel \"6.2\" in \"%s\": there are "
                                     "those of \"" KERNEL_VERSION "\"",
                                     parent));
    kernel_write(root, "lib/modules/6.0/modules.order", "", 0);
    wanted.kernel = "6.0";
    assert_string_equal(describe(arena, &wanted),
                        arena_printf(arena,
                                     "cannot read the index of the modules in \"%s/6.0\": run "
                                     "\"depmod 6.0\"",
                                     parent));
    kernel_remove(arena_printf(arena, "%s/6.0", parent));
    unlink(arena_printf(arena, "%s/" KERNEL_VERSION "/kernel/misc/lost.ko", parent));
    wanted = request(KERNEL_VERSION, names, 1);
    assert_non_null(strstr(describe(arena, &wanted), "module \"alone\" depends on \"lost\", but"));
    kernel_add_module(root, &lost);
    assert_string_equal(describe(arena, &wanted), "nvme lost alone <nvme/a.bin><b.bin>");
}

static void note(const char *device, const char *modalias, void *data)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/modalias", device);
    assert_int_equal(access(path, R_OK), 0);
    strcat(strcat(data, modalias), " ");
}

static void test_visit(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    char seen[512] = "";
    devices_visit(arena_printf(arena, "%s/sys", root), note, seen);
    assert_string_equal(
        seen,
        "virtio:d00000002v00001AF4 pci:a pci:v00001002d00000001sv0sd0bc03sc00i00 pci:b pci:c pci:d "
        "pci:v00001000d00000001sv0sd0bc01sc07i00 acpi:PNP0303: "
        "hid:b0003g0001v1 ");
    devices_visit("/tmp/nonesuch", note, seen + strlen(seen)); /* no sysfs, no devices */
}

/* The modules that libkmod finds for an alias in a folder with nothing but the index. */
static const char *find_all(struct arena *arena, const char *folder, const char *alias)
{
    static const char *const no_configuration[] = {NULL};
    struct kmod_ctx *kmod = kmod_new(folder, no_configuration);
    struct kmod_list *found = NULL, *item;
    char *names = arena_string(arena, "");
    assert_int_equal(kmod_load_resources(kmod), 0);
    assert_int_equal(kmod_module_new_from_lookup(kmod, alias, &found), 0);
    kmod_list_foreach(item, found)
    {
        struct kmod_module *module = kmod_module_get_module(item);
        names = arena_printf(arena, "%s%s ", names, kmod_module_get_name(module));
        kmod_module_unref(module);
    }
    kmod_module_unref_list(found);
    kmod_unref(kmod);
    return names;
}

static void test_index(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    static const char *const names[] = {"ext4", "ring_b", "many"};
    struct module_request wanted = request(KERNEL_VERSION, names, 3);
    struct module_set set;
    struct index_file *files, *again;
    size_t count, count_again;
    struct error error;
    const char *scratch = arena_printf(arena, "%s/tmp", root);
    assert_int_equal(mkdir(scratch, 0700), 0);
    setenv("TMPDIR", scratch, 1);
    assert_int_equal(module_set_make(arena, &wanted, &set, &error), 0);
    assert_int_equal(module_set_index(arena, &set, &files, &count, &error), 0);
    assert_int_equal(module_set_index(arena, &set, &again, &count_again, &error), 0);
    assert_int_equal(count, 6);
    assert_int_equal(count_again, 6);
    const char *folder = arena_printf(arena, "%s/index", root);
    for (size_t i = 0; i < count; i++) {
        kernel_write(root, arena_printf(arena, "index/%s", files[i].name), files[i].data,
                     files[i].length);
        assert_string_equal(files[i].name, again[i].name);
        assert_int_equal(files[i].length, again[i].length);
        assert_memory_equal(files[i].data, again[i].data, files[i].length);
    }
    assert_string_equal(files[5].name, "modules.softdep");
    assert_string_equal(files[5].data, "softdep jbd2 pre: crc32c_intel crc32c_generic\n"
                                       "softdep ext4 pre: crc32c_intel crc32c_generic\n"
                                       "softdep ring_a pre: ring_b\n"
                                       "softdep ring_b pre: ring_a post: late\n");
    assert_string_equal(find_all(arena, folder, "crypto-crc32c"), "crc32c_intel crc32c_generic ");
    assert_string_equal(find_all(arena, folder, "many"), "many_d many_b many_e many_a many_c ");
    assert_string_equal(find_all(arena, folder, "pci:v1d1sv1sd1bc01sc08i02"), "nvme ");
    assert_string_equal(find_all(arena, folder, "atkbd"), "atkbd "); /* built in */
    assert_string_equal(find_all(arena, folder, "btrfs"), "");
    /* Another depmod makes another index. */
    const char *programs = arena_printf(arena, "%s/bin", root), *path = getenv("PATH");
    kernel_write(root, "bin/depmod", "#!/bin/sh\n", 10);
    assert_int_equal(chmod(arena_printf(arena, "%s/depmod", programs), 0755), 0);
    path = arena_string(arena, path ? path : "");
    setenv("PATH", arena_printf(arena, "%s:%s", programs, path), 1);
    assert_int_equal(module_set_index(arena, &set, &again, &count_again, &error), -ENOENT);
    assert_string_equal(error.text, "the \"depmod\" that was run makes no \"modules.dep.bin\", as "
                                    "that of busybox does not; install kmod");
    setenv("PATH", path, 1);
    assert_int_equal(rmdir(scratch), 0); /* nothing was left in it */
    unsetenv("TMPDIR");
}

/* In the image they are unpacked, and so the index finds them. */
static void test_packed(void **state)
{
    (void)state;
    need_tool("xz");
    auto_arena arena = arena_new();
    static const char *const names[] = {"ext4"};
    struct module_request wanted = request(KERNEL_VERSION, names, 1);
    struct module_set set;
    struct index_file *files;
    size_t count;
    struct error error;
    char packed[] = "/tmp/ebb-kernel-XXXXXX";
    kernel_make(packed, kernel_modules, ARRAY_LENGTH(kernel_modules), "");
    must_run("PATH=$PATH:/usr/sbin:/sbin; cd %s && find . -name '*.ko' -exec xz --check=crc32 {} + "
             "&& depmod -b . -C /dev/null " KERNEL_VERSION,
             packed);
    wanted.root = packed;
    assert_int_equal(module_set_make(arena, &wanted, &set, &error), 0);
    const char *last = set.modules[set.count - 1].path;
    assert_string_equal(last, "kernel/fs/ext4/ext4.ko.xz");
    assert_string_equal(module_unpacked(arena, last), "kernel/fs/ext4/ext4.ko");
    assert_string_equal(module_unpacked(arena, "other.ko/file"), "other.ko/file");
    assert_int_equal(module_set_index(arena, &set, &files, &count, &error), 0);
    for (size_t i = 0; i < count; i++)
        kernel_write(packed, arena_printf(arena, "index/%s", files[i].name), files[i].data,
                     files[i].length);
    must_run("cd %s/index && grep -q 'fs/ext4/ext4.ko: kernel/.*crc16.ko' modules.dep.bin &&"
             "! grep '[.]xz' modules.dep.bin",
             packed);
    kernel_remove(packed);
}

/* A real kernel: the image must stay small, and ext4 must come with its checksum. */
static void test_debian(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    static const char *const names[] = {"ext4", "overlay", "dm_crypt"};
    struct module_request wanted = request(debian, names, ARRAY_LENGTH(names));
    wanted.root = "/";
    struct module_set set;
    struct error error;
    if (module_set_make(arena, &wanted, &set, &error) < 0) {
        if (getenv("MUST_WORK"))
            fail_msg("MUST_WORK: %s", error.text);
        print_message("SKIP: %s\n", error.text);
        skip();
    }
    off_t size = 0;
    char *all = arena_string(arena, "");
    for (size_t i = 0; i < set.count; i++) {
        struct stat status;
        assert_int_equal(
            stat(arena_printf(arena, "%s/%s", set.folder, set.modules[i].path), &status), 0);
        size += status.st_size;
        all = arena_printf(arena, "%s %s ", all, set.modules[i].name);
    }
    static const char *const needed[] = {"ahci",        "nvme",     "virtio_blk", "usb_storage",
                                         "uas",         "sd_mod",   "usbhid",     "crc32c_intel",
                                         "jbd2",        "xts",      "ecb",        "overlay",
                                         "virtio_ring", "xhci_hcd", "vmd",        "aesni_intel"};
    for (size_t i = 0; i < ARRAY_LENGTH(needed); i++) {
        if (!strstr(all, arena_printf(arena, " %s ", needed[i])))
            fail_msg("\"%s\" is not among%s", needed[i], all);
    }
    assert_true(size < 10000000); /* 1.8 MB compressed */
}

/* Without looking at this machine's devices: whatever leads to a disk or a keyboard, and no more.
 */
static void test_universal(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct module_request wanted = request(KERNEL_VERSION, NULL, 0);
    wanted.universal = 1;
    const char *names = describe(arena, &wanted);
    assert_non_null(strstr(names, "hba "));
    assert_non_null(strstr(names, "hid_odd "));
    assert_non_null(strstr(names, "dm_crypt"));
    assert_non_null(strstr(names, "nvme "));
    assert_non_null(strstr(names, "<hba>"));
    assert_null(strstr(names, "gpu"));
    assert_null(strstr(names, "ext4"));
    wanted.universal = 0;
    assert_null(strstr(describe(arena, &wanted), "hba"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closure), cmocka_unit_test(test_universal),
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_devices),
        cmocka_unit_test(test_faults),  cmocka_unit_test(test_visit),
        cmocka_unit_test(test_index),   cmocka_unit_test(test_packed),
        cmocka_unit_test(test_debian),
    };
    return cmocka_run_group_tests(tests, make_kernel, remove_kernel);
}
