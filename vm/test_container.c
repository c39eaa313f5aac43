/* Containers are made here; cryptsetup, asked anew, opens them and gives back what is in them. */
#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>

#include "base/path.h"
#include "vm/disk.h"

#define MIB (1024ULL * 1024)
#define UUID "0a3407de-014b-458b-b5c1-848e92a327a3"
#define OTHER "11111111-2222-4333-8444-555555555555"

static int enter(void **state)
{
    if (enter_scratch(state) < 0 || mkdir("content", 0755) < 0)
        return -1;
    must_run("echo inside > content/file; head -c 200 /dev/urandom > key");
    return 0;
}

static void make(const struct disk *disk)
{
    struct error error;
    need_tool("cryptsetup");
    if (disk_make(disk, &error) < 0)
        fail_msg("%s", error.text);
}

#define PATH "PATH=$PATH:/usr/sbin:/sbin; "

/* `file` has the header. */
static void expect_opens(const char *file, const char *words)
{
    must_run(PATH "printf 'the words' | cryptsetup open --test-passphrase -d - %s", file);
    assert_false(succeeds(PATH "printf 'other words' | cryptsetup open --test-passphrase -d - %s "
                               "2>/dev/null",
                          file));
    must_run(PATH "cryptsetup luksDump %s | tr -s '\\n\\t ' ' ' | grep -q '%s'", file, words);
}

/* Decrypts the image in place, as cryptsetup can, and looks at the file system. */
static void expect_inside(const char *image, const char *header)
{
    struct error error;
    auto_string text = NULL;
    must_run(PATH "printf 'the words' | cryptsetup reencrypt --decrypt --batch-mode "
                  "--force-offline-reencrypt -d - --header "
                  "%s %s",
             header, image);
    if (disk_read(image, "/file", &text, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(text, "inside\n");
    must_run(PATH "blkid -p %s | grep -q 'UUID=\"" OTHER "\".*TYPE=\"ext4\"'", image);
}

static void luks2(void **state)
{
    (void)state; /* the folder is the current one */
    const struct encryption encryption = {.uuid = UUID,
                                          .label = "my vault",
                                          .passphrase = "the words",
                                          .key_file = "key",
                                          .key_offset = 40,
                                          .key_size = 32};
    make(&(struct disk){.path = "image",
                        .size = 16 * MIB,
                        .uuid = OTHER,
                        .content = "content",
                        .encryption = &encryption});
    expect_opens("image", "Version: 2 .*UUID: " UUID " Label: my vault .*PBKDF: argon2id Time "
                          "cost: 4 Memory: 65536 ");
    must_run(PATH "blkid -p image | grep -q 'LABEL=\"my vault\" TYPE=\"crypto_LUKS\"'");
    must_run("tail -c +41 key | head -c 32 > part");
    must_run(PATH "cryptsetup open --test-passphrase -d part image");
    assert_false(succeeds(PATH "cryptsetup open --test-passphrase -d key image 2>/dev/null"));
    assert_false(succeeds("grep -q inside image"));
    expect_inside("image", "exported");
}

static void luks1(void **state)
{
    (void)state; /* the folder is the current one */
    const struct encryption encryption = {
        .type = "luks1", .uuid = UUID, .passphrase = "the words", .key_file = "key"};
    make(&(struct disk){.path = "image",
                        .size = 16 * MIB,
                        .uuid = OTHER,
                        .content = "content",
                        .encryption = &encryption});
    expect_opens("image", "Version: 1 .*UUID: " UUID " ");
    must_run(PATH "cryptsetup open --test-passphrase -d key image");
    must_run(PATH "cryptsetup convert --batch-mode --type luks2 image");
    expect_inside("image", "exported");
}

static void header_elsewhere(void **state)
{
    (void)state; /* the folder is the current one */
    static const char *const types[] = {"luks2", "luks1"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        const struct encryption encryption = {
            .type = types[i], .uuid = UUID, .passphrase = "the words", .header = "header"};
        make(&(struct disk){.path = "image",
                            .size = 16 * MIB,
                            .uuid = OTHER,
                            .content = "content",
                            .encryption = &encryption});
        expect_opens("header", "UUID: " UUID " ");
        must_run("test $(stat -c %%s image) = %llu", 16 * MIB);
        assert_false(succeeds(PATH "blkid -p image"));
        if (i == 0)
            expect_inside("image", "header");
        must_run("rm image header");
    }
}

static void in_a_partition(void **state)
{
    (void)state; /* the folder is the current one */
    need_tool("sfdisk");
    const struct encryption encryption = {.passphrase = "the words"};
    make(&(struct disk){.path = "image",
                        .size = 16 * MIB,
                        .uuid = OTHER,
                        .partuuid = UUID,
                        .content = "content",
                        .encryption = &encryption});
    must_run(PATH "sfdisk -d image | grep -qi 'size= *98304.*uuid=" UUID "'"); /* 48 MiB */
    must_run("dd if=image of=bare bs=1M skip=1 count=48 status=none; test ! -e image.fs");
    expect_opens("bare", "Version: 2 ");
    expect_inside("bare", "exported");
}

/* Nothing is in it: no file system, and no holes that would tell. */
static void empty(void **state)
{
    (void)state; /* the folder is the current one */
    const struct encryption encryption = {.uuid = UUID, .passphrase = "the words", .empty = true};
    make(&(struct disk){.path = "image", .size = 16 * MIB, .encryption = &encryption});
    expect_opens("image", "Version: 2 .*UUID: " UUID " ");
    must_run("test $(stat -c %%s image) -ge %llu", 32 * MIB);
}

static void refusals(void **state)
{
    (void)state; /* the folder is the current one */
    static const struct {
        struct encryption encryption;
        int code;
        const char *words;
    } cases[] = {
        {{.type = "luks3", .passphrase = "x"}, ENOTSUP, "\"luks3\"; luks2 and luks1"},
        {{.type = "luks1", .label = "vault", .passphrase = "x"}, ENOTSUP, "the label \"vault\""},
        {{.uuid = UUID}, EINVAL, "needs a passphrase"},
        {{.uuid = "no uuid", .passphrase = "x"}, EIO, "\"cryptsetup\" failed"},
        {{.key_file = "nowhere", .passphrase = "x"}, EIO, "\"cryptsetup\" failed"},
    };
    need_tool("cryptsetup");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        const struct disk disk = {
            .path = "image", .size = 16 * MIB, .encryption = &cases[i].encryption};
        assert_int_equal(disk_make(&disk, &error), -cases[i].code);
        if (!strstr(error.text, cases[i].words))
            fail_msg("\"%s\" is missing in: %s", cases[i].words, error.text);
        assert_int_equal(access("image", F_OK), -1); /* nothing half made */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(luks2, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(luks1, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(header_elsewhere, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(in_a_partition, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(empty, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(refusals, enter, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
