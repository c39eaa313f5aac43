#include "mounts/testing.h"

#include "mounts/content.h"

static void assert_matches(const char *path, const char *tag, bool matches)
{
    struct content content = {0};
    (void)content_read(path, &content); /* what cannot be read carries nothing */
    if (content_matches(&content, tag) != matches)
        fail_msg("\"%s\" %s \"%s\"", path, matches ? "should carry" : "should not carry", tag);
}

static void make_image(const char *name)
{
    (void)unlink(name); /* there is none at first */
    put(name, "");
    assert_int_equal(truncate(name, 8 << 20), 0);
}

static const char *type_of(const char *path, struct content *content)
{
    assert_true(content_read(path, content));
    return content->type;
}

static void test_file_systems(void **state)
{
    (void)state;
    static const struct {
        const char *tag;
        bool matches;
    } cases[] = {
        {"UUID=" UUID, true},
        {"UUID=0A3407DE-014B-458B-B5C1-848E92A327A3", true},
        {"UUID=0a3407DE-014b-458B-b5c1-848e92a327a3", true},
        {"UUID=0a3407de-014b-458b-b5c1-848e92a327a4", false},
        {"UUID=0a3407de", false},
        {"UUID=" UUID "0", false},
        {"UUID=", false},
        {"UUID", false},
        {UUID, false},
        {"uuid=" UUID, false},
        {"LABEL=State_1", true},
        {"LABEL=state_1", false},
        {"LABEL=State", false},
        {"LABEL=State_1 ", false},
        {"LABEL=" UUID, false},
        {"UUID=State_1", false},
        {"PARTUUID=" UUID, false},
        {"PARTLABEL=State_1", false},
        {"TYPE=ext4", false},
        {"", false},
    };
    static const struct {
        const char *command, *type;
    } makers[] = {
        {"mke2fs -q -F -t ext4 -U " UUID " -L State_1 image", "ext4"},
        {"mke2fs -q -F -t ext2 -U " UUID " -L State_1 image", "ext2"},
        {"mkswap -q -U " UUID " -L State_1 image", "swap"},
        {"cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "
         "--luks2-keyslots-size 256k --label State_1 --uuid " UUID " image ebb-key",
         "crypto_LUKS"},
    };
    need_tool("mke2fs");
    need_tool("mkswap");
    need_tool("cryptsetup");
    put("ebb-key", "key");
    for (size_t i = 0; i < ARRAY_LENGTH(makers); i++) {
        struct content content;
        make_image("image");
        assert_string_equal(type_of("image", &content), "");
        must_run(SBIN "%s", makers[i].command);
        assert_string_equal(type_of("image", &content), makers[i].type);
        for (size_t j = 0; j < ARRAY_LENGTH(cases); j++)
            assert_matches("image", cases[j].tag, cases[j].matches);
    }
}

/* A container is told by its type alone, and LUKS1 knows no label. */
static void test_luks1(void **state)
{
    (void)state;
    struct content content;
    need_tool("cryptsetup");
    put("ebb-key", "key");
    make_image("image");
    must_run(SBIN "cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 --uuid " UUID
                  " image ebb-key");
    assert_string_equal(type_of("image", &content), CONTENT_LUKS);
    assert_string_equal(content.uuid, UUID);
    assert_string_equal(content.label, "");
}

/* All devices of one file system carry its tags, and each a number of its own. */
static void test_members(void **state)
{
    (void)state;
    struct content first, second;
    need_tool("mkfs.btrfs");
    must_run("truncate -s 128M one two");
    must_run(SBIN "mkfs.btrfs -q -f -d single -m raid1 -L State_1 -U " UUID " one two");
    assert_string_equal(type_of("one", &first), "btrfs");
    assert_string_equal(type_of("two", &second), "btrfs");
    assert_string_equal(first.uuid, UUID);
    assert_string_equal(second.uuid, UUID);
    assert_string_equal(second.label, "State_1");
    assert_int_equal(strlen(first.member), strlen(UUID));
    assert_int_equal(strlen(second.member), strlen(UUID));
    assert_string_not_equal(first.member, second.member);
    assert_string_not_equal(first.member, UUID);
}

static void test_groups(void **state)
{
    (void)state;
    struct content content;
    must_run(MAKE_LVM_MEMBER);
    assert_string_equal(type_of("image", &content), "LVM2_member");
    assert_string_equal(content.uuid, "aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg");
    unlink("image");
    must_run(MAKE_RAID_MEMBER);
    assert_string_equal(type_of("image", &content), "linux_raid_member");
    assert_string_equal(content.label, "host:name");
}

/* Labels are bytes. */
static void test_labels(void **state)
{
    (void)state;
    static const char *const labels[] = {"two words", "a=b",        "\xc3\xa9t\xc3\xa9",
                                         "100%s",     "\"quoted\"", "sixteen-bytes-16"};
    need_tool("mke2fs");
    for (size_t i = 0; i < ARRAY_LENGTH(labels); i++) {
        char tag[100];
        make_image("image");
        must_run(SBIN "mke2fs -q -F -t ext4 -L '%s' image", labels[i]);
        snprintf(tag, sizeof(tag), "LABEL=%s", labels[i]);
        assert_matches("image", tag, true);
        assert_matches("image", "LABEL=", false);
    }
}

/* A disk is not one of its partitions, and is not found by its table's own number. */
static void test_partitions(void **state)
{
    (void)state;
    static const char *const tags[] = {"UUID=" UUID, "PARTUUID=" UUID, "PARTLABEL=first",
                                       "PARTUUID=11111111-2222-3333-4444-555555555555",
                                       "LABEL=first"};
    need_tool("sfdisk");
    make_image("disk");
    must_run(SBIN "printf 'label: gpt\\nlabel-id: %s\\nstart=2048, name=first, "
                  "uuid=11111111-2222-3333-4444-555555555555\\n' | sfdisk -q disk",
             UUID);
    for (size_t i = 0; i < ARRAY_LENGTH(tags); i++)
        assert_matches("disk", tags[i], false);
}

/* The tags of partitions, as a partition's own node would give them. */
static void test_tags_of_partitions(void **state)
{
    (void)state;
    static const struct content content = {
        .type = "ext4", .uuid = "u", .partuuid = "1B2C3D4E-01", .partlabel = "Linux data"};
    static const struct {
        const char *tag;
        bool matches;
    } cases[] = {
        {"PARTUUID=1b2c3d4e-01", true},
        {"PARTUUID=1b2c3d4e-02", false},
        {"PARTLABEL=Linux data", true},
        {"PARTLABEL=linux data", false},
        {"UUID=U", true},
        {"UUID=1b2c3d4e-01", false},
        {"LABEL=Linux data", false},
        {"LABEL=", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(content_matches(&content, cases[i].tag), cases[i].matches);
    char text[200] = "";
    auto_file stream = fmemopen(text, sizeof(text), "w");
    content_print(&content, stream);
    fflush(stream);
    assert_string_equal(text, " ext4 UUID=u PARTUUID=1B2C3D4E-01 PARTLABEL=Linux data");
}

/* What carries nothing, or says two things at once. */
static void test_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name, *scene;
        bool readable;
    } cases[] = {
        {"empty", ": > empty", true},
        {"zeros", "truncate -s 8M zeros", true},
        {"short", "head -c 700 image > short", true},
        {"noise", "head -c 100000 /dev/urandom | tr '\\0-\\377' x > noise", true},
        {"torn",
         "cp image torn && dd if=/dev/zero of=torn bs=1 seek=1080 count=2 conv=notrunc "
         "status=none",
         true},
        {"folder", "mkdir folder", false},
        {"pipe", "mkfifo pipe", false},
        {"nonesuch", "true", false},
        {"loop", "ln -s loop loop", false},
        /* with what is left of a squashfs: blkid(8) calls it ambivalent */
        {"two",
         "cp image two && printf hsqs | dd of=two conv=notrunc status=none && printf '\\4' "
         "| dd of=two bs=1 seek=28 conv=notrunc status=none",
         true},
    };
    need_tool("mke2fs");
    make_image("image");
    must_run(SBIN "mke2fs -q -F -t ext4 -U %s -L image image", UUID);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct content content = {.type = "untouched"};
        must_run("%s", cases[i].scene);
        assert_matches(cases[i].name, "UUID=" UUID, false);
        assert_matches(cases[i].name, "LABEL=image", false);
        if (content_read(cases[i].name, &content) != cases[i].readable)
            fail_msg("\"%s\" should be %d", cases[i].name, cases[i].readable);
        assert_string_equal(content.type, cases[i].readable ? "" : "untouched");
    }
    assert_matches("image", "LABEL=image", true);
    must_run("ln -s image link");
    assert_matches("link", "UUID=" UUID, true); /* as the names in /dev/disk are links */
}

/* Only what has nothing on it may be formatted. */
static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *content;
    } cases[] = {
        {"true", "nothing"},
        {"mke2fs -q -F -t ext4 image", "ext4"},
        {"mkswap -q image", "swap"},
        {"echo 'label: gpt' | sfdisk -q image", "a gpt partition table"},
        {"echo start=2048 | sfdisk -q -X gpt image", "a gpt partition table"},
        /* a GPT whose protective MBR is lost, and one of which only the backup is left */
        {"echo 'label: gpt' | sfdisk -q image && dd if=/dev/zero of=image bs=512 count=1 "
         "conv=notrunc status=none",
         "a gpt partition table"},
        {"echo 'label: gpt' | sfdisk -q image && dd if=/dev/zero of=image bs=512 count=34 "
         "conv=notrunc status=none",
         "a gpt partition table"},
        {"echo 'label: dos' | sfdisk -q image", "a dos partition table"},
        {"echo start=2048 | sfdisk -q -X dos image", "a dos partition table"},
        {"mke2fs -q -F -t ext4 image && printf SWAP-SPACE | dd of=image bs=1 seek=4086 "
         "conv=notrunc status=none",
         "more than one kind of content"},
        {"rm image", "something that cannot be read"},
    };
    need_tool("mke2fs");
    need_tool("mkswap");
    need_tool("sfdisk");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char name[CONTENT_NAME_SIZE];
        make_image("image");
        must_run(SBIN "%s", cases[i].scene);
        if (content_is_empty("image") != (i == 0))
            fail_msg("%s: wrong about whether it is empty", cases[i].scene);
        content_name("image", name);
        assert_string_equal(name, cases[i].content);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file_systems), TEST(test_luks1),  TEST(test_members),
        TEST(test_groups),       TEST(test_labels), TEST(test_partitions),
        TEST(test_nothing),      TEST(test_names),  cmocka_unit_test(test_tags_of_partitions),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
