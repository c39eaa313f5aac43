/* A configuration's scratch disks, looked at from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/run.h"
#include "vm/disk.h"
#include "vm/scratch.h"
#include "vm/tree.h"

static const char text[] =
    "volume data LABEL=data { fs ext2; mount /data }\n"
    "volume view PARTLABEL=my-state { mount /view }\n"
    "volume state PARTLABEL=my-state { identity the-one; mount /persist }\n"
    "generations state:/deep/generations\n"
    "persist state:/ { dir /srv owner=alice group=staff; file /etc/x owner=alice group=0 }\n";

static int enter(void **state)
{
    static char folder[] = "/tmp/ebb-test-XXXXXX";
    struct error error;
    strcpy(folder, "/tmp/ebb-test-XXXXXX");
    *state = folder;
    return !mkdtemp(folder) || chdir(folder) < 0 ||
           path_write(AT_FDCWD, "conf", text, strlen(text), 0644, &error) < 0;
}

static int leave(void **state)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
    return chdir("/") < 0 || system(command) != 0;
}

static struct config *load(struct arena *arena)
{
    struct report report = {.arena = arena};
    struct config *config = config_load("conf", NULL, &report);
    report_print(&report, stderr);
    assert_int_equal(report.errors, 0);
    return config;
}

static void need(const char *program, const char *package)
{
    struct error error;
    char path[PATH_MAX];
    const char *must_work = getenv("MUST_WORK");
    if (run_find(program, package, path, sizeof(path), &error) == 0)
        return;
    if (must_work && strcmp(must_work, "1") == 0)
        fail_msg("%s", error.text);
    print_message("SKIP: %s\n", error.text);
    skip();
}

static void assert_inside(const char *image, const char *path, const char *expected)
{
    struct error error;
    auto_string found = NULL;
    if (disk_read(image, path, &found, NULL, &error) < 0)
        fail_msg("%s", error.text);
    if (!strstr(found, expected))
        fail_msg("\"%s\" is missing in %s: %s", expected, path, found);
}

static void test_disks(void **state)
{
    (void)state; /* the folder is the current one */
    need("busybox", "busybox-static");
    auto_arena arena = arena_new();
    auto_config config = load(arena);
    const struct scratch scratch = {.config = config, .folder = ".", .bus = BUS_NVME};
    struct vm_disk *disks;
    size_t count;
    struct error error;
    if (scratch_make(arena, &scratch, &disks, &count, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(count, 2); /* two volumes share a device */
    assert_string_equal(disks[0].path, "./data.img");
    assert_string_equal(disks[1].path, "./state.img");
    assert_int_equal(disks[1].bus, BUS_NVME);
    assert_inside("state.img", "/.ebb/store-id", "the-one\n");
    assert_inside("state.img", "/deep/generations/1/tree/etc/passwd", "alice:x:1000:1000:");
    struct disk_entry entry;
    assert_int_equal(disk_stat("data.img", "/.ebb/store-id", &entry, &error), -ENOENT);
    assert_int_equal(
        disk_stat("state.img", "/deep/generations/1/tree/usr/bin/busybox", &entry, &error), 0);
    assert_int_equal(entry.mode, 0755);
    assert_true(entry.size > 100000);
}

static void test_given_and_tree(void **state)
{
    (void)state; /* the folder is the current one */
    auto_arena arena = arena_new();
    auto_config config = load(arena);
    static const struct scratch_given given[] = {{"data", "/some/image"}};
    const struct scratch scratch = {
        .config = config, .folder = ".", .tree = "tree", .given = given, .given_count = 1};
    struct vm_disk *disks;
    size_t count;
    struct error error;
    assert_int_equal(mkdir("tree", 0755), 0);
    assert_int_equal(path_write(AT_FDCWD, "tree/mine", "my own\n", 7, 0644, &error), 0);
    if (scratch_make(arena, &scratch, &disks, &count, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(count, 2);
    assert_string_equal(disks[0].path, "/some/image");
    assert_int_equal(access("data.img", F_OK), -1);
    assert_inside("state.img", "/deep/generations/1/tree/mine", "my own\n");
}

static void test_subvolume(void **state)
{
    (void)state; /* the folder is the current one */
    static const char subvolume[] =
        "volume nix LABEL=nix { fs btrfs options=noatime,subvol=@nix }\n"
        "generations nix:/g\n";
    struct error error;
    assert_int_equal(path_write(AT_FDCWD, "conf", subvolume, strlen(subvolume), 0644, &error), 0);
    auto_arena arena = arena_new();
    auto_config config = load(arena);
    const struct scratch scratch = {.config = config, .folder = "."};
    struct vm_disk *disks;
    size_t count;
    assert_int_equal(scratch_make(arena, &scratch, &disks, &count, &error), -ENOTSUP);
    assert_non_null(strstr(error.text, "--disk nix=FILE"));
}

static struct config *declare(struct arena *arena, const char *declaration)
{
    struct error error;
    if (path_write(AT_FDCWD, "conf", declaration, strlen(declaration), 0644, &error) < 0)
        fail_msg("%s", error.text);
    return load(arena);
}

/* The names of the disks, a blank behind each. */
static const char *made(struct arena *arena, const struct scratch *scratch)
{
    struct vm_disk *disks;
    size_t count;
    struct error error;
    const char *names = "";
    if (scratch_make(arena, scratch, &disks, &count, &error) < 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < count; i++)
        names = arena_printf(arena, "%s%s ", names, disks[i].path);
    return names;
}

static void must(const char *command)
{
    char line[1024];
    snprintf(line, sizeof(line), "PATH=$PATH:/usr/sbin:/sbin; %s", command);
    if (system(line) != 0)
        fail_msg("%s", command);
}

#define UUID "0a3407de-014b-458b-b5c1-848e92a327a3"

/* Two containers share a file of keys, each with its own part; a third one has its header beside
 * it. The volume of keys comes last, and the tags are those of the containers. */
static void test_containers(void **state)
{
    (void)state; /* the folder is the current one */
    need("cryptsetup", "cryptsetup");
    need("mcopy", "mtools");
    auto_arena arena = arena_new();
    auto_config config =
        declare(arena, "volume keys LABEL=KEYS { fs vfat; }\n"
                       "volume one UUID=" UUID " { luks keyfile=keys:/deep/key keyfile-size=32; "
                       "fs ext4; mount /one; }\n"
                       "volume two LABEL=two { luks keyfile=keys:/deep/key keyfile-offset=32; "
                       "fs ext2; mount /two; }\n"
                       "volume three PARTLABEL=three { luks header=keys:/header; fs ext2; "
                       "mount /three; }\n"
                       "volume four LABEL=four { luks; }\n");
    const struct scratch scratch = {.config = config, .folder = ".", .passphrase = "words"};
    assert_string_equal(made(arena, &scratch),
                        "./one.img ./two.img ./three.img ./four.img ./keys.img ");
    must("mcopy -i keys.img ::/deep/key ::/header .");
    must("head -c 32 key > first && tail -c +33 key > second");
    must("cryptsetup open --test-passphrase -d first one.img");
    must("cryptsetup open --test-passphrase -d second two.img");
    must("! cryptsetup open --test-passphrase -d first two.img 2>/dev/null");
    must("printf words | cryptsetup open --test-passphrase -d - two.img");
    must("printf words | cryptsetup open --test-passphrase -d - header");
    must("printf words | cryptsetup open --test-passphrase -d - four.img");
    must("test \"$(cryptsetup luksUUID one.img)\" = " UUID);
    must("blkid -p two.img | grep -q 'LABEL=\"two\" TYPE=\"crypto_LUKS\"'");
    must("blkid -p keys.img | grep -q 'LABEL=\"KEYS\".*TYPE=\"vfat\"'");
    must("sfdisk -d three.img | grep -q 'name=\"three\"'");
    /* the same once more */
    must("rm -rf *.img keys.content");
    (void)made(arena, &scratch);
    must("mcopy -n -i keys.img ::/deep/key again && cmp key again");
}

/* A key that is in the image opens, and one that is on a given disk is left alone. */
static void test_keys_of_others(void **state)
{
    (void)state; /* the folder is the current one */
    need("cryptsetup", "cryptsetup");
    auto_arena arena = arena_new();
    must("echo 'a key' > key");
    auto_string here = getcwd(NULL, 0);
    auto_config config = declare(
        arena, arena_printf(arena,
                            "volume keys LABEL=KEYS { fs vfat; }\n"
                            "volume one LABEL=one { luks keyfile=%s/key; fs ext2; mount /one; }\n"
                            "volume two LABEL=two { luks keyfile=keys:/key; fs ext2; "
                            "mount /two; }\n",
                            here));
    static const struct scratch_given given[] = {{"keys", "stick"}};
    const struct scratch scratch = {
        .config = config, .folder = ".", .given = given, .given_count = 1};
    assert_string_equal(made(arena, &scratch), "./one.img ./two.img stick ");
    must("cryptsetup open --test-passphrase -d key one.img");
    must("printf " SCRATCH_PASSPHRASE " | cryptsetup open --test-passphrase -d - two.img");
}

static void test_several_images(void **state)
{
    (void)state; /* the folder is the current one */
    auto_arena arena = arena_new();
    auto_config config = declare(arena, "volume pool LABEL=pool { raid; fs ext2; mount /pool; }\n"
                                        "volume data /dev/mapper/x { fs ext2; mount /data; }\n");
    static const struct scratch_given given[] = {{"pool", "a"}, {"data", "b"}, {"pool", "b"}};
    const struct scratch scratch = {
        .config = config, .folder = ".", .given = given, .given_count = ARRAY_LENGTH(given)};
    assert_string_equal(made(arena, &scratch), "a b ");
}

/* What nobody but its owner can make. */
static void test_refusals(void **state)
{
    (void)state; /* the folder is the current one */
    static const struct {
        const char *declaration, *words;
    } cases[] = {
        {"volume x LABEL=x { lvm; fs ext4; mount /x; }\n", "\"x\" lies in a volume group"},
        {"volume x LABEL=x { raid; fs ext4; mount /x; }\n", "\"x\" is an array"},
        {"volume x LABEL=x { fs ext4; mount /nix; }\ngenerations x:/p kind=nix\n",
         "\"x\" holds a Nix profile"},
        {"volume x /dev/mapper/y { fs ext4; mount /x; }\n", "\"x\" lies in a volume group"},
        {"volume x LABEL=x { luks; }\nvolume y LABEL=y { lvm; fs ext4; mount /y; }\n",
         "\"x\" is a container in which other volumes are expected"},
        {"volume x LABEL=x { luks header=/etc/hostname; fs ext4; mount /x; }\n",
         "is a file of this machine"},
        {"volume g LABEL=G { fs vfat; }\n"
         "volume x PARTLABEL=x { luks header=g:/h; fs ext4; mount /x; }\n",
         "is on an image that is given"},
        {"volume k LABEL=K { fs vfat; }\n"
         "volume x LABEL=x { luks header=k:/h; fs ext4; mount /x; }\n",
         "name its partition"},
    };
    static const struct scratch_given given[] = {{"g", "some.img"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        auto_config config = declare(arena, cases[i].declaration);
        const struct scratch scratch = {
            .config = config, .folder = ".", .given = given, .given_count = 1};
        struct vm_disk *disks;
        size_t count;
        struct error error;
        assert_int_equal(scratch_make(arena, &scratch, &disks, &count, &error), -ENOTSUP);
        if (!strstr(error.text, cases[i].words))
            fail_msg("\"%s\" is missing in: %s", cases[i].words, error.text);
    }
}

static void test_tree(void **state)
{
    (void)state; /* the folder is the current one */
    need("busybox", "busybox-static");
    auto_arena arena = arena_new();
    auto_config config = load(arena);
    struct error error;
    if (tree_make("scratch", config, &error) < 0)
        fail_msg("%s", error.text);
    struct stat status;
    assert_int_equal(stat("scratch/sbin/init", &status), 0);
    assert_true(status.st_mode & 0111);
    assert_int_equal(stat("scratch/bin/sh", &status), 0);
    assert_int_equal(stat("scratch/tmp", &status), 0);
    assert_int_equal(status.st_mode & 07777, 01777);
    auto_string groups = NULL;
    assert_int_equal(path_read(AT_FDCWD, "scratch/etc/group", 1000, &groups, NULL, &error), 0);
    assert_string_equal(groups, "root:x:0:\nalice:x:1000:\nstaff:x:1001:\n");
    assert_int_equal(system("scratch/bin/busybox true"), 0);
    assert_int_equal(tree_make("scratch", config, &error), -EEXIST);
}

static void assert_esp(struct arena *arena, const char *image, const char *more)
{
    struct error error;
    const char *inside = arena_printf(arena, "%s@@1M", image);
    const char *const list[] = {"sfdisk", "--json", image, NULL};
    const char *const look[] = {"mtype", "-i", inside, "::/loader/loader.conf", NULL};
    const struct run dump = {.arguments = list, .package = "fdisk"};
    const struct run type = {.arguments = look, .package = "mtools"};
    auto_output table = {0}, content = {0};
    assert_int_equal(run_program(&dump, &table, &error), 0);
    assert_non_null(strstr(table.text, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"));
    assert_non_null(strstr(table.text, more));
    assert_int_equal(run_program(&type, &content, &error), 0);
    assert_string_equal(content.text, "timeout 0\n");
}

static void test_esp(void **state)
{
    (void)state; /* the folder is the current one */
    need("sfdisk", "fdisk");
    need("mtype", "mtools");
    struct error error;
    struct vm_disk *disks;
    size_t count;
    auto_arena arena = arena_new();
    assert_int_equal(system("mkdir -p boot/loader && echo timeout 0 > boot/loader/loader.conf"), 0);
    auto_config without = declare(arena, "volume data LABEL=data { fs ext2; mount /data }\n");
    struct scratch scratch = {.config = without, .folder = ".", .boot = "boot"};
    assert_int_equal(scratch_make(arena, &scratch, &disks, &count, &error), 0);
    assert_int_equal(count, 2);
    assert_string_equal(disks[1].path, "./ESP.img");
    assert_esp(arena, "ESP.img", "");

    auto_config with = declare(arena, "volume efi PARTLABEL=boot { fs vfat; mount /efi }\n"
                                      "volume other LABEL=OTHER { fs vfat; mount /other }\n");
    scratch.config = with;
    assert_int_equal(scratch_make(arena, &scratch, &disks, &count, &error), 0);
    assert_int_equal(count, 2);
    assert_esp(arena, "efi.img", "\"name\": \"boot\"");

    auto_config second = declare(arena, "volume more PARTLABEL=data { fs vfat; mount /data }\n"
                                        "volume esp PARTLABEL=second { fs vfat }\nboot esp:/\n");
    scratch.config = second;
    assert_int_equal(scratch_make(arena, &scratch, &disks, &count, &error), 0);
    assert_esp(arena, "esp.img", "\"name\": \"second\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_disks, enter, leave),
        cmocka_unit_test_setup_teardown(test_given_and_tree, enter, leave),
        cmocka_unit_test_setup_teardown(test_subvolume, enter, leave),
        cmocka_unit_test_setup_teardown(test_containers, enter, leave),
        cmocka_unit_test_setup_teardown(test_keys_of_others, enter, leave),
        cmocka_unit_test_setup_teardown(test_several_images, enter, leave),
        cmocka_unit_test_setup_teardown(test_refusals, enter, leave),
        cmocka_unit_test_setup_teardown(test_tree, enter, leave),
        cmocka_unit_test_setup_teardown(test_esp, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
