#include "mounts/testing.h"

/* The names in their order, each with a "*" behind it if it could not be read. */
static const char *names_of(const struct blocks *blocks)
{
    static char text[400];
    text[0] = '\0';
    for (size_t i = 0; i < blocks->count; i++) {
        const struct block *block = blocks->list[i];
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s", i ? " " : "",
                 block->path, block->unread ? "*" : "");
    }
    return text;
}

static bool note(struct blocks *blocks, const char *action, const char *path, const char *subsystem)
{
    const struct uevent event = {.action = action, .path = path, .subsystem = subsystem};
    return blocks_note(blocks, &event);
}

static void test_scan(void **state)
{
    (void)state;
    need_namespace();
    struct blocks *blocks = blocks_new();
    plug_in("vdb", 1);
    plug_in_ext4("vda", "one");
    must_run("cd /sys/class/block && mkdir loop0 ram1 fd0 zram0 cciss!c0d0 && mkdir /dev/cciss && "
             "cp /dev/vda /dev/cciss/c0d0");
    blocks_scan(blocks);
    blocks_read(blocks, false);
    assert_string_equal(names_of(blocks), "/dev/cciss/c0d0 /dev/vda /dev/vdb /dev/zram0*");
    assert_true(blocks_have_unread(blocks));
    assert_string_equal(blocks->list[0]->content.label, "one");
    assert_string_equal(blocks->list[1]->content.label, "one");
    assert_string_equal(blocks->list[2]->content.type, "");
    unsigned changes = blocks->changes;
    assert_int_equal(changes, 4);
    assert_int_equal(blocks->list[3]->changed, 4);

    /* What stays keeps its place, and is read again; what is gone goes. */
    pull_out("vda");
    must_run("rmdir /sys/class/block/zram0");
    plug_in_ext4("sda", "two");
    blocks_scan(blocks);
    blocks_read(blocks, false);
    assert_string_equal(names_of(blocks), "/dev/cciss/c0d0 /dev/vdb /dev/sda");
    assert_string_equal(blocks->list[2]->content.label, "two");
    assert_false(blocks_have_unread(blocks));
    assert_int_equal(blocks->changes, changes + 2 + 3);

    must_run("rm -r /sys/class/block");
    blocks_scan(blocks);
    assert_string_equal(names_of(blocks), "");
    blocks_free(blocks);
    blocks_free(NULL);
}

static void test_events(void **state)
{
    (void)state;
    need_namespace();
    struct blocks *blocks = blocks_new();
    plug_in_ext4("vda", "one");
    assert_true(note(blocks, "add", "/devices/pci0000:00/virtio1/block/vda", "block"));
    assert_true(note(blocks, "add", "/devices/virtual/block/dm-0", "block"));
    assert_false(note(blocks, "add", "/devices/virtual/block/loop3", "block"));
    assert_false(note(blocks, "add", "/devices/pci0000:00/virtio2", "virtio"));
    assert_false(note(blocks, "add", "/devices/pci0000:00/virtio2", NULL));
    assert_string_equal(names_of(blocks), "/dev/vda /dev/dm-0");
    assert_int_equal(blocks->changes, 0);
    blocks_read(blocks, false);
    assert_string_equal(names_of(blocks), "/dev/vda /dev/dm-0*");
    assert_string_equal(blocks->list[0]->content.label, "one");

    /* Nothing is read before it is said that it changed. */
    plug_in_ext4("vda", "two");
    blocks_read(blocks, true);
    assert_string_equal(blocks->list[0]->content.label, "one");
    assert_true(note(blocks, "change", "/devices/pci0000:00/virtio1/block/vda", "block"));
    assert_true(note(blocks, "change", "/devices/pci0000:00/virtio1/block/vda", "block"));
    assert_string_equal(names_of(blocks), "/dev/vda /dev/dm-0*");
    unsigned changes = blocks->changes;
    blocks_read(blocks, false);
    assert_string_equal(blocks->list[0]->content.label, "two");
    assert_int_equal(blocks->changes, changes + 1);
    assert_int_equal(blocks->list[0]->changed, changes + 1);

    assert_true(note(blocks, "remove", "/devices/pci0000:00/virtio1/block/vda", "block"));
    assert_true(note(blocks, "remove", "/devices/pci0000:00/virtio1/block/vdz", "block"));
    assert_string_equal(names_of(blocks), "/dev/dm-0*");
    assert_int_equal(blocks->changes, changes + 2);
    blocks_free(blocks);
}

/* A drive answers before its medium turns. */
static void test_again(void **state)
{
    (void)state;
    need_namespace();
    struct blocks *blocks = blocks_new();
    must_run("mkdir /sys/class/block/sr0");
    blocks_scan(blocks);
    blocks_read(blocks, false);
    assert_true(blocks_have_unread(blocks));
    unsigned changes = blocks->changes;
    blocks_read(blocks, false);
    assert_int_equal(blocks->changes, changes);
    plug_in_ext4("sr0", "disc");
    blocks_read(blocks, false);
    assert_true(blocks_have_unread(blocks));
    blocks_read(blocks, true);
    assert_false(blocks_have_unread(blocks));
    assert_string_equal(blocks->list[0]->content.label, "disc");
    /* and one that fails later says nothing any more */
    must_run("rm /dev/sr0");
    assert_true(note(blocks, "change", "/devices/block/sr0", "block"));
    blocks_read(blocks, false);
    assert_true(blocks->list[0]->unread);
    assert_string_equal(blocks->list[0]->content.label, "");
    blocks_free(blocks);
}

static void test_matches(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *device;
        bool matches;
    } cases[] = {
        {"LABEL=two words", true},
        {"UUID=" UUID, true},
        {"LABEL=two", false},
        {"/dev/vda1", true},
        {"/dev/vda", false},
        {"/dev/vda10", false},
        {"/dev/disk/by-label/two\\x20words", true},
        {"/dev/disk/by-label/two words", true},
        {"/dev/disk/by-uuid/" UUID, true},
        {"/dev/disk/by-uuid/1234", false},
        {"/dev/disk/by-partuuid/" UUID, false},
        {"/dev/nonesuch", false},
        {"/dev/null", false},
    };
    struct blocks *blocks = blocks_new();
    plug_in_made("vda1", "mke2fs -q -F -L 'two words' -U " UUID " image");
    blocks_scan(blocks);
    blocks_read(blocks, false);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (block_matches(blocks->list[0], cases[i].device) != cases[i].matches)
            fail_msg("%s should be %d", cases[i].device, cases[i].matches);
    blocks_free(blocks);
}

/* Names that LVM makes are other nodes of the same device. Only real nodes can tell. */
static void test_names_of_groups(void **state)
{
    (void)state;
    need_namespace();
    struct blocks *blocks = blocks_new();
    must_run("mkdir /sys/class/block/dm-0 /sys/class/block/dm-1 /dev/group && "
             "touch /dev/dm-0 /dev/dm-1 /dev/group/home && ln -s ../dm-1 /dev/mapper/group-home");
    if (!succeeds("test -b nodes/loop0 && test -b nodes/loop1 && mount --bind nodes/loop0 "
                  "/dev/dm-0 && mount --bind nodes/loop1 /dev/dm-1 && "
                  "mount --bind nodes/loop1 /dev/group/home"))
        skip_because("there are no block devices here");
    blocks_scan(blocks);
    static const char *const names[] = {"/dev/group/home", "/dev/mapper/group-home", "/dev/dm-1"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        assert_false(block_matches(blocks->list[0], names[i]));
        assert_true(block_matches(blocks->list[1], names[i]));
    }
    blocks_free(blocks);
}

static void test_held(void **state)
{
    (void)state;
    need_namespace();
    struct blocks *blocks = blocks_new();
    plug_in("sda", 1);
    plug_in("sdb", 1);
    must_run("mkdir -p /sys/class/block/sda/holders/md0 /sys/class/block/sdb/holders");
    blocks_scan(blocks);
    assert_true(block_is_held(blocks->list[0]));
    assert_false(block_is_held(blocks->list[1]));
    must_run("rmdir /sys/class/block/sda/holders/md0");
    assert_false(block_is_held(blocks->list[0]));
    blocks_free(blocks);
}

static void test_print(void **state)
{
    (void)state;
    need_namespace();
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    struct blocks *blocks = blocks_new();
    blocks_print(blocks, stream);
    plug_in("sda", 1);
    plug_in_made("sdb", "mke2fs -q -F -t ext2 -L a -U " UUID " image");
    blocks_scan(blocks);
    blocks_read(blocks, false);
    blocks_print(blocks, stream);
    fclose(stream);
    assert_string_equal(text, "  no block device: a driver is missing, or no disk is attached\n"
                              "  /dev/sda\n"
                              "  /dev/sdb ext2 UUID=" UUID " LABEL=a\n");
    free(text);
    blocks_free(blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_scan),    ON_MACHINE(test_events),          ON_MACHINE(test_again),
        ON_MACHINE(test_matches), ON_MACHINE(test_names_of_groups), ON_MACHINE(test_held),
        ON_MACHINE(test_print),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
