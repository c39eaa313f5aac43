#include "base/testdata/scratch.h"

#include "mounts/device.h"

#define UUID "0a3407de-014b-458b-b5c1-848e92a327a3"

static void assert_matches(const char *path, const char *tag, bool matches)
{
    if (device_matches(path, tag) != matches)
        fail_msg("\"%s\" %s \"%s\"", path, matches ? "should carry" : "should not carry", tag);
}

static void make_image(const char *name)
{
    put(name, "");
    assert_int_equal(truncate(name, 8 << 20), 0);
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
    };
    char type[DEVICE_TYPE_SIZE];
    need_tool("mke2fs");
    need_tool("mkswap");
    for (size_t i = 0; i < ARRAY_LENGTH(makers); i++) {
        make_image("image");
        assert_false(device_type("image", type));
        must_run("PATH=$PATH:/usr/sbin:/sbin %s", makers[i].command);
        assert_true(device_type("image", type));
        assert_string_equal(type, makers[i].type);
        for (size_t j = 0; j < ARRAY_LENGTH(cases); j++)
            assert_matches("image", cases[j].tag, cases[j].matches);
    }
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
        must_run("PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext4 -L '%s' image", labels[i]);
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
    must_run(
        "PATH=$PATH:/usr/sbin:/sbin; printf 'label: gpt\\nlabel-id: %s\\nstart=2048, name=first, "
        "uuid=11111111-2222-3333-4444-555555555555\\n' | sfdisk -q disk",
        UUID);
    for (size_t i = 0; i < ARRAY_LENGTH(tags); i++)
        assert_matches("disk", tags[i], false);
}

/* What carries nothing, or says two things at once. */
static void test_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name, *scene;
    } cases[] = {
        {"empty", ": > empty"},
        {"zeros", "truncate -s 8M zeros"},
        {"short", "head -c 700 image > short"},
        {"noise", "head -c 100000 /dev/urandom | tr '\\0-\\377' x > noise"},
        {"torn", "cp image torn && dd if=/dev/zero of=torn bs=1 seek=1080 count=2 conv=notrunc "
                 "status=none"},
        {"folder", "mkdir folder"},
        {"pipe", "mkfifo pipe"},
        {"nonesuch", "true"},
        {"loop", "ln -s loop loop"},
        /* with what is left of a squashfs: blkid(8) calls it ambivalent */
        {"two", "cp image two && printf hsqs | dd of=two conv=notrunc status=none && printf '\\4' "
                "| dd of=two bs=1 seek=28 conv=notrunc status=none"},
    };
    need_tool("mke2fs");
    make_image("image");
    must_run("PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext4 -U %s -L image image", UUID);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        must_run("%s", cases[i].scene);
        assert_matches(cases[i].name, "UUID=" UUID, false);
        assert_matches(cases[i].name, "LABEL=image", false);
    }
    assert_matches("image", "LABEL=image", true);
    must_run("ln -s image link");
    assert_matches("link", "UUID=" UUID, true); /* as the names in /dev/disk are links */
}

/* Only what has nothing on it may be formatted. */
static void test_content(void **state)
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
        char content[DEVICE_TYPE_SIZE];
        unlink("image");
        make_image("image");
        must_run("PATH=$PATH:/usr/sbin:/sbin; %s", cases[i].scene);
        if (device_is_empty("image") != (i == 0))
            fail_msg("%s: wrong about whether it is empty", cases[i].scene);
        device_content("image", content);
        assert_string_equal(content, cases[i].content);
    }
}

struct world {
    struct report report;
    struct config *config;
    struct context *context;
    struct plan plan;
};

static void begin_world(struct world *world, const char *text)
{
    *world = (struct world){.report.arena = arena_new()};
    put("ebb.conf", text);
    world->config = config_load("ebb.conf", NULL, &world->report);
    assert_int_equal(world->report.count, 0);
    world->context = context_new(world->report.arena, world->config, ".", "root");
    world->plan.arena = world->report.arena;
    devices_plan(world->config, &world->plan);
}

static void end_world(struct world *world)
{
    config_free(world->config);
    arena_free(world->report.arena);
}

static void test_apply(void **state)
{
    (void)state;
    struct world world;
    struct error error = {0};
    begin_world(&world, "volume one /dev/null { fs ext4 }\n"
                        "volume two UUID=" UUID " wait=1ms { fs ext4 }\n"
                        "volume three /dev/nonesuch wait=1s { fs ext4 }\n");
    assert_int_equal(world.plan.count, 3);
    assert_int_equal(device_apply(&world.plan.steps[0], world.context, &error), 0);
    assert_string_equal(world.context->states[0].device, "/dev/null");
    static const char *const messages[] = {
        "UUID=" UUID ", the volume \"two\", did not appear within 1 ms; ",
        "/dev/nonesuch, the volume \"three\", did not appear within 1 s; ",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++) {
        log_begin();
        int code = device_apply(&world.plan.steps[i + 1], world.context, &error);
        auto_string log = log_end();
        assert_int_equal(code, -ENODEV);
        assert_contains(error.text, messages[i]);
        assert_contains(error.text, "; correct its tag, attach the disk, or add its driver with ");
        assert_contains(log, "ebb:   "); /* the devices, or that there is none */
        assert_string_equal(world.context->states[i + 1].device, "");
    }
    end_world(&world);
}

static void test_sentence(void **state)
{
    (void)state;
    struct world world;
    char sentence[200] = "";
    begin_world(&world, "volume state \"LABEL=my disk\" { fs ext4 }\n");
    auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
    device_sentence(&world.plan.steps[0], stream);
    fflush(stream);
    assert_string_equal(sentence, "wait for LABEL=my disk, the volume \"state\"");
    assert_int_equal(world.plan.steps[0].kind, STEP_DEVICE);
    end_world(&world);
}

static void test_list(void **state)
{
    (void)state;
    char *list = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&list, &length);
    assert_non_null(stream);
    device_list(stream);
    fclose(stream);
    assert_true(strncmp(list, "  ", 2) == 0 && list[length - 1] == '\n');
    for (const char *line = list; *line; line = strchr(line, '\n') + 1)
        assert_true(strncmp(line, "  /dev/", 7) == 0 ||
                    strncmp(line, "  no block device: ", 19) == 0);
    free(list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

static void test_drivers_ended(void **state)
{
    (void)state;
    struct world world;
    struct error error = {0};
    siginfo_t end;
    begin_world(&world, "volume one /dev/nonesuch wait=1ms { fs ext4 }\n");
    world.context->drivers = fork();
    if (world.context->drivers == 0)
        _exit(3);
    assert_int_equal(waitid(P_PID, (id_t)world.context->drivers, &end, WEXITED | WNOWAIT), 0);
    log_begin();
    assert_int_equal(device_apply(&world.plan.steps[0], world.context, &error), -ENODEV);
    auto_string log = log_end();
    assert_contains(log, "the child that loads drivers has ended, with status 0x300");
    assert_contains(error.text, "within 1 ms; the child that loads drivers has ended");
    assert_int_equal(world.context->drivers, 0); /* nobody is to be killed later */
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file_systems),  TEST(test_labels),   TEST(test_partitions),
        TEST(test_nothing),       TEST(test_content),  TEST(test_apply),
        TEST(test_drivers_ended), TEST(test_sentence), TEST(test_list),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
