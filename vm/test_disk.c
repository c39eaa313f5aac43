/* Images are made here and read by the programs that everybody else uses for it. */
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/run.h"
#include "vm/disk.h"

#define MIB (1024ULL * 1024)

#define UUID "0a3407de-014b-458b-b5c1-848e92a327a3"
#define OTHER "11111111-2222-4333-8444-555555555555"

static char folder[] = "/tmp/ebb-test-disk-XXXXXX";

static void excuse(const char *reason)
{
    const char *must_work = getenv("MUST_WORK");
    if (must_work && strcmp(must_work, "1") == 0)
        fail_msg("%s", reason);
    print_message("SKIP: %s\n", reason);
}

static bool have(const char *program)
{
    struct error error;
    char path[PATH_MAX];
    if (run_find(program, "?", path, sizeof(path), &error) == 0)
        return true;
    excuse(error.text);
    return false;
}

static void need(const char *program)
{
    if (!have(program))
        skip();
}

static void put(const char *path, const char *text, mode_t mode)
{
    struct error error;
    if (path_write(AT_FDCWD, path, text, strlen(text), mode, &error) < 0)
        fail_msg("%s", error.text);
}

/* What every image of these tests holds: content/ and, in a folder of it, the graft/. */
static int make_content(void **state)
{
    (void)state; /* the folder is the current one */
    if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("content", 0755) < 0 ||
        mkdir("content/sub folder", 0750) < 0 || mkdir("content/here", 0755) < 0 ||
        mkdir("graft", 0755) < 0)
        return -1;
    put("content/one", "the first\n", 0640);
    put("content/sub folder/.two", "the second\n", 0600);
    put("graft/three", "the third\n", 0644);
    return symlink("one", "graft/link");
}

static int remove_content(void **state)
{
    (void)state; /* the folder is the current one */
    char command[PATH_MAX];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return chdir("/") < 0 || system(command) != 0;
}

static int remove_image(void **state)
{
    (void)state; /* the folder is the current one */
    unlink("image");
    return 0;
}

static char *output_of(const char *const *arguments)
{
    struct error error;
    struct run_output output;
    struct run run = {.arguments = arguments, .package = "?"};
    if (run_program(&run, &output, &error) < 0)
        fail_msg("%s", error.text);
    free(output.messages);
    return output.text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is missing in: %s", part, text);
}

static void make(const struct disk *disk)
{
    struct error error;
    if (disk_make(disk, &error) < 0)
        fail_msg("%s", error.text);
}

static void assert_tag(const char *offset, const char *tag)
{
    const char *const arguments[] = {"blkid", "-p", "-O", offset, "-o", "export", "image", NULL};
    auto_string tags = output_of(arguments);
    assert_has(tags, tag);
}

static void test_tags(void **state)
{
    (void)state; /* the folder is the current one */
    static const struct {
        const char *type, *program, *uuid, *label, *tags[3];
    } cases[] = {
        {NULL, "mke2fs", UUID, "my state", {"TYPE=ext4", "UUID=" UUID, "LABEL=my\\ state"}},
        {"ext2", "mke2fs", UUID, NULL, {"TYPE=ext2", "UUID=" UUID, ""}},
        {"vfat", "mkfs.vfat", "AB12-34CD", "DATA", {"TYPE=vfat", "UUID=AB12-34CD", "LABEL=DATA"}},
        {"btrfs", "mkfs.btrfs", UUID, "data", {"TYPE=btrfs", "UUID=" UUID, "LABEL=data"}},
        {"xfs", "mkfs.xfs", UUID, "data", {"TYPE=xfs", "UUID=" UUID, "LABEL=data"}},
        {"f2fs", "mkfs.f2fs", UUID, "data", {"TYPE=f2fs", "UUID=" UUID, "LABEL=data"}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (!have(cases[i].program))
            continue;
        make(&(struct disk){.path = "image",
                            .fs_type = cases[i].type,
                            .uuid = cases[i].uuid,
                            .label = cases[i].label});
        for (size_t j = 0; j < ARRAY_LENGTH(cases[i].tags); j++)
            assert_tag("0", cases[i].tags[j]);
        unlink("image");
    }
}

static void test_partition(void **state)
{
    (void)state; /* the folder is the current one */
    need("sfdisk");
    make(&(struct disk){.path = "image",
                        .size = 16 * MIB,
                        .label = "inside",
                        .partuuid = UUID,
                        .partlabel = "the state",
                        .content = "content"});
    const char *const arguments[] = {"sfdisk", "-d", "image", NULL};
    auto_string table = output_of(arguments);
    assert_has(table, "label: gpt");
    assert_has(table, "start=        2048, size=       32768");
    assert_has(table, "uuid=0A3407DE-014B-458B-B5C1-848E92A327A3, name=\"the state\"");
    assert_tag("1048576", "LABEL=inside");
    auto_string text = NULL;
    size_t length;
    struct error error;
    assert_int_equal(disk_read("image", "/one", &text, &length, &error), 0);
    assert_string_equal(text, "the first\n");
    assert_int_equal(length, strlen("the first\n"));
    assert_int_equal(disk_replay("image", &error), 0);
    assert_int_equal(access("image.fs", F_OK), -1);
}

static void assert_entry(const char *path, char type, mode_t mode, uint64_t size)
{
    struct error error;
    struct disk_entry entry;
    if (disk_stat("image", path, &entry, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(entry.type, type);
    assert_int_equal(entry.mode, mode);
    assert_int_equal(entry.uid, 0);
    assert_int_equal(entry.gid, 0);
    if (type != 'd')
        assert_int_equal(entry.size, size);
}

static void check_content(void)
{
    static const struct graft grafts[] = {{"graft", "/here"}};
    struct error error;
    auto_string text = NULL;
    make(&(struct disk){
        .path = "image", .uuid = OTHER, .content = "content", .grafts = grafts, .graft_count = 1});
    assert_entry("/", 'd', 0755, 0);
    assert_entry("/one", '-', 0640, 10);
    assert_entry("/sub folder", 'd', 0750, 0);
    assert_entry("/sub folder/.two", '-', 0600, 11);
    assert_entry("/here/three", '-', 0644, 10);
    assert_entry("/here/link", 'l', 0777, 3);
    assert_int_equal(disk_read("image", "/here/three", &text, NULL, &error), 0);
    assert_string_equal(text, "the third\n");
    assert_int_equal(access("content/here/three", F_OK), -1); /* never copied */
    assert_int_equal(disk_read("image", "/four", &text, NULL, &error), -ENOENT);
    assert_has(error.text, "/four");
}

static void test_content(void **state)
{
    (void)state; /* the folder is the current one */
    check_content();
}

/* The same as somebody who is not root, in a child: its files become root's. */
static void test_content_of_a_user(void **state)
{
    (void)state; /* the folder is the current one */
    if (geteuid() != 0)
        return; /* test_content was this test */
    const char *const arguments[] = {"chown", "-R", "65534:65534", folder, NULL};
    auto_string nothing = output_of(arguments);
    pid_t pid = fork();
    if (pid == 0) {
        /* a process that changed its user does not own its /proc, unlike one of a login */
        if (setgid(65534) < 0 || setuid(65534) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
            _exit(1);
        check_content();
        struct stat status;
        _exit(stat("image", &status) == 0 && status.st_uid == 65534 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_vfat_content(void **state)
{
    (void)state; /* the folder is the current one */
    static const struct graft grafts[] = {{"graft", "/here"}};
    need("mkfs.vfat");
    need("mcopy");
    unlink("graft/link"); /* FAT has no links */
    make(&(struct disk){.path = "image",
                        .fs_type = "vfat",
                        .content = "content",
                        .grafts = grafts,
                        .graft_count = 1});
    const char *const deep[] = {"mtype", "-i", "image", "::/sub folder/.two", NULL};
    auto_string second = output_of(deep);
    assert_string_equal(second, "the second\n");
    const char *const graft[] = {"mtype", "-i", "image", "::/here/three", NULL};
    auto_string third = output_of(graft);
    assert_string_equal(third, "the third\n");
    assert_int_equal(symlink("one", "graft/link"), 0);
}

static void test_btrfs_content(void **state)
{
    (void)state; /* the folder is the current one */
    need("mkfs.btrfs");
    make(&(struct disk){.path = "image", .fs_type = "btrfs", .content = "content"});
    assert_int_equal(mkdir("restored", 0755), 0);
    const char *const arguments[] = {"btrfs", "restore", "image", "restored", NULL};
    auto_string said = output_of(arguments);
    struct error error;
    auto_string text = NULL;
    assert_int_equal(path_read(AT_FDCWD, "restored/sub folder/.two", 100, &text, NULL, &error), 0);
    assert_string_equal(text, "the second\n");
}

static void test_f2fs_content(void **state)
{
    (void)state; /* the folder is the current one */
    need("mkfs.f2fs");
    make(&(struct disk){.path = "image", .fs_type = "f2fs", .content = "content"});
    const char *const arguments[] = {"fsck.f2fs", "--dry-run", "-t", "image", NULL};
    auto_string tree = output_of(arguments);
    assert_has(tree, "sub folder");
    assert_has(tree, ".two");
}

static void test_replay(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    make(&(struct disk){.path = "image", .content = "content"});
    const char *const dirty[] = {"debugfs", "-w", "-R", "ssv state 0", "image", NULL};
    const char *const look[] = {"dumpe2fs", "-h", "image", NULL};
    auto_string nothing = output_of(dirty);
    auto_string before = output_of(look);
    assert_has(before, "not clean");
    assert_int_equal(disk_replay("image", &error), 0);
    auto_string after = output_of(look);
    assert_null(strstr(after, "not clean"));
    put("image", "no file system", 0644);
    assert_int_equal(disk_replay("image", &error), -EIO);
    assert_has(error.text, "e2fsck");
}

/* Thousands of empty files need inodes, not bytes. */
static void test_many_files(void **state)
{
    (void)state; /* the folder is the current one */
    assert_int_equal(mkdir("many", 0755), 0);
    for (int i = 0; i < 9000; i++) {
        char path[32];
        snprintf(path, sizeof(path), "many/%d", i);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        close(fd);
    }
    make(&(struct disk){.path = "image", .size = 48 * MIB, .content = "many"});
    struct stat status;
    assert_int_equal(stat("image", &status), 0);
    assert_int_equal(status.st_size, 48 * MIB);
    assert_entry("/8999", '-', 0644, 0);
}

static void test_size(void **state)
{
    (void)state; /* the folder is the current one */
    static const struct {
        uint64_t size, room, expected;
    } cases[] = {
        {0, 0, 65 * MIB},
        {0, 200 * MIB, 201 * MIB},
        {20 * MIB + 1, 0, 21 * MIB},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct stat status;
        make(&(struct disk){
            .path = "image", .size = cases[i].size, .room = cases[i].room, .content = "content"});
        assert_int_equal(stat("image", &status), 0);
        assert_int_equal(status.st_size, cases[i].expected);
        assert_true(status.st_blocks * 512 < status.st_size); /* sparse */
        unlink("image");
    }
}

static void test_refusals(void **state)
{
    (void)state; /* the folder is the current one */
    static const struct graft nowhere[] = {{"graft", "/missing"}};
    const struct {
        struct disk disk;
        int code;
        const char *words;
    } cases[] = {
        {{.fs_type = "zfs"}, ENOTSUP, "\"zfs\""},
        {{.label = "longer than sixteen"}, EINVAL, "longer than the 16"},
        {{.fs_type = "xfs", .content = "content"}, ENOTSUP, "cannot fill"},
        {{.partlabel = "a\"b"}, EINVAL, "quote"},
        {{.partuuid = "abcd1234-01"}, ENOTSUP, "abcd1234-01"},
        {{.content = "nowhere"}, ENOENT, "\"nowhere\""},
        {{.content = "content", .grafts = nowhere, .graft_count = 1}, EIO, "content//missing"},
        {{.uuid = "no uuid"}, EIO, "mke2fs"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct disk disk = cases[i].disk;
        struct error error;
        disk.path = "image";
        assert_int_equal(disk_make(&disk, &error), -cases[i].code);
        assert_has(error.text, cases[i].words);
        assert_int_equal(access("image", F_OK), -1); /* nothing half made */
    }
}

static void test_existing(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    auto_string text = NULL;
    put("image", "somebody's", 0644);
    assert_int_equal(disk_make(&(struct disk){.path = "image"}, &error), -EEXIST);
    assert_int_equal(path_read(AT_FDCWD, "image", 100, &text, NULL, &error), 0);
    assert_string_equal(text, "somebody's");
}

static char loop[64]; /* the loop device on "image", as long as there is one */

static int detach_image(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin losetup -d %s", loop);
    bool left = loop[0] && system(command) != 0;
    loop[0] = '\0';
    return remove_image(state) < 0 || left ? -1 : 0;
}

static void attach_image(void)
{
    const char *const arguments[] = {"losetup", "--find", "--show", "image", NULL};
    struct run run = {.arguments = arguments, .package = "mount"};
    struct run_output output;
    struct error error;
    if (run_program(&run, &output, &error) < 0) {
        excuse(error.text);
        skip();
    }
    snprintf(loop, sizeof(loop), "%.*s", (int)strcspn(output.text, "\n"), output.text);
    free(output.text);
    free(output.messages);
}

static void write_at(int fd, const char *text, off_t at)
{
    assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
}

/* Whatever is on a device stays on it; only an empty one is formatted. */
static void test_device(void **state)
{
    (void)state; /* the folder is the current one */
    if (geteuid() != 0) {
        excuse("only root may attach loop devices");
        skip();
    }
    need("sfdisk");
    struct error error;
    put("image", "", 0600);
    assert_int_equal(truncate("image", 16 * MIB), 0);
    attach_image();
    make(&(struct disk){.path = loop, .content = "content"});
    assert_int_equal(disk_make(&(struct disk){.path = loop}, &error), -ENOTEMPTY);
    assert_has(error.text, "there is ext4 on the device \"/dev/loop");
    auto_fd fd = open(loop, O_RDWR | O_CLOEXEC);
    write_at(fd, "SWAP-SPACE", 4086);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(disk_make(&(struct disk){.path = loop}, &error), -ENOTEMPTY);
    assert_has(error.text, "there is more than one kind of content on the device \"/dev/loop");
    static const char *const tables[] = {"gpt", "dos"};
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        char script[32], words[64];
        const char *const arguments[] = {"sfdisk",      "--quiet",          "--wipe", "always",
                                         "--no-reread", "--no-tell-kernel", loop,     NULL};
        snprintf(script, sizeof(script), "label: %s\n", tables[i]);
        struct run run = {.arguments = arguments, .package = "fdisk", .input = script};
        if (run_program(&run, NULL, &error) < 0)
            fail_msg("%s", error.text);
        snprintf(words, sizeof(words), "there is a %s partition table on the device", tables[i]);
        assert_int_equal(disk_make(&(struct disk){.path = loop}, &error), -ENOTEMPTY);
        assert_has(error.text, words);
    }
}

static void test_missing_program(void **state)
{
    (void)state; /* the folder is the current one */
    const char *const arguments[] = {"mkfs.no-such-thing", NULL};
    struct run run = {.arguments = arguments, .package = "no-such-package"};
    struct error error;
    assert_int_equal(run_program(&run, NULL, &error), -ENOENT);
    assert_string_equal(error.text, "cannot find the program \"mkfs.no-such-thing\"; install the "
                                    "package \"no-such-package\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_tags, remove_image),
        cmocka_unit_test_teardown(test_partition, remove_image),
        cmocka_unit_test_teardown(test_content, remove_image),
        cmocka_unit_test_teardown(test_vfat_content, remove_image),
        cmocka_unit_test_teardown(test_btrfs_content, remove_image),
        cmocka_unit_test_teardown(test_f2fs_content, remove_image),
        cmocka_unit_test_teardown(test_replay, remove_image),
        cmocka_unit_test_teardown(test_many_files, remove_image),
        cmocka_unit_test_teardown(test_size, remove_image),
        cmocka_unit_test_teardown(test_refusals, remove_image),
        cmocka_unit_test_teardown(test_existing, remove_image),
        cmocka_unit_test_teardown(test_content_of_a_user, remove_image),
        cmocka_unit_test_teardown(test_device, detach_image),
        cmocka_unit_test(test_missing_program),
    };
    return cmocka_run_group_tests(tests, make_content, remove_content);
}
