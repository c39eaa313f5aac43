#include "mounts/testing.h"

#include "base/clock.h"
#include "mounts/device.h"

/* Volume number `number` of `text`, looked for once among the disks that are there. */
struct look {
    struct world world;
    struct watch *watch;
    const struct volume *volume;
    struct progress *progress;
};

static void look(struct look *look, const char *text, size_t number)
{
    begin_world(&look->world, text);
    look->volume = look->world.config->volumes[number];
    (void)watch_events(look->world.context); /* it begins to listen */
    look->progress = &look->world.context->watch->volumes[look->volume->number];
    look->watch = look->world.context->watch;
    blocks_read(look->watch->blocks, false);
    device_advance(look->watch, look->volume);
}

static void plug_in_luks(const char *name, const char *uuid)
{
    char command[300];
    snprintf(command, sizeof(command),
             "echo key > key && truncate -s 20M image && cryptsetup luksFormat -q --type luks1 "
             "--pbkdf-force-iterations 1000 --uuid %s image key",
             uuid);
    plug_in_made(name, command);
}

static void test_found(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *device, *found; /* "" for none */
    } cases[] = {
        {"LABEL=one", "/dev/vda"},
        {"LABEL=two", "/dev/vdb"},
        {"LABEL=three", ""},
        {"UUID=" UUID, ""},
        {"/dev/vdb", "/dev/vdb"},
        {"/dev/vdc", "/dev/vdc"}, /* whatever is on it: the path was said */
        {"/dev/vdd", ""},
        {"/dev/disk/by-label/two", "/dev/vdb"},
        {"/dev/null", ""},
    };
    plug_in_ext4("vda", "one");
    plug_in_ext4("vdb", "two");
    plug_in("vdc", 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct look seen;
        char text[100];
        snprintf(text, sizeof(text), "volume one %s { fs ext4 }\n", cases[i].device);
        look(&seen, text, 0);
        assert_string_equal(seen.progress->device, cases[i].found);
        assert_int_equal(seen.progress->stage, *cases[i].found ? VOLUME_FOUND : VOLUME_AWAITED);
        assert_int_equal(seen.progress->error.code, 0);
        end_world(&seen.world);
    }
}

/* Neither is chosen, and which was first does not show. */
static void test_twins(void **state)
{
    (void)state;
    need_namespace();
    plug_in_ext4("vdb", "one");
    plug_in_ext4("vda", "other");
    plug_in_ext4("sda", "one");
    struct look seen;
    look(&seen, "volume one LABEL=one { fs ext4 }\n", 0);
    assert_int_equal(seen.progress->stage, VOLUME_AWAITED);
    assert_int_equal(seen.progress->error.code, ENOTUNIQ);
    assert_string_equal(seen.progress->error.text,
                        "LABEL=one, the volume \"one\", is on both /dev/sda and /dev/vdb; detach "
                        "one, or name the partition with PARTUUID=");
    end_world(&seen.world);
}

/* As long as anything happens, one of two may be about to go. */
static void test_twins_while_stirred(void **state)
{
    (void)state;
    need_namespace();
    plug_in_ext4("vda", "one");
    struct look seen;
    look(&seen, "volume one LABEL=one { fs ext4 }\n", 0);
    assert_int_equal(seen.progress->stage, VOLUME_FOUND);
    plug_in_ext4("vdb", "one");
    blocks_scan(seen.watch->blocks);
    blocks_read(seen.watch->blocks, false);
    seen.watch->stirred = clock_milliseconds();
    device_advance(seen.watch, seen.volume);
    assert_int_equal(seen.progress->stage, VOLUME_AWAITED);
    assert_int_equal(seen.progress->error.code, 0);

    /* It becomes part of an array, which carries the tag from now on. */
    must_run("mkdir -p /sys/class/block/vdb/holders/md0");
    device_advance(seen.watch, seen.volume);
    assert_int_equal(seen.progress->stage, VOLUME_FOUND);
    assert_string_equal(seen.progress->device, "/dev/vda");

    must_run("rmdir /sys/class/block/vdb/holders/md0");
    seen.watch->stirred = clock_milliseconds() - 1000;
    device_advance(seen.watch, seen.volume);
    assert_int_equal(seen.progress->error.code, ENOTUNIQ);
    end_world(&seen.world);
}

static void test_members_are_one(void **state)
{
    (void)state;
    need_namespace();
    need_tool("mkfs.btrfs");
    must_run("mkdir -p /sys/class/block/sda /sys/class/block/sdb && truncate -s 128M a b");
    must_run(SBIN
             "mkfs.btrfs -q -f -d single -m raid1 -L nix a b >/dev/null 2>&1 && mv a /dev/sda && "
             "mv b /dev/sdb");
    struct look seen;
    look(&seen, "volume nix LABEL=nix { fs btrfs }\n", 0);
    assert_int_equal(seen.progress->stage, VOLUME_FOUND);
    assert_string_equal(seen.progress->device, "/dev/sda");
    end_world(&seen.world);

    /* A copy of one of them is not one of them. */
    must_run("mkdir /sys/class/block/sdc && cp /dev/sda /dev/sdc");
    look(&seen, "volume nix LABEL=nix { fs btrfs }\n", 0);
    assert_int_equal(seen.progress->error.code, ENOTUNIQ);
    assert_contains(seen.progress->error.text, "is on both /dev/sda and /dev/sdc; ");
    end_world(&seen.world);
}

/* A stick with the tag of the container, and a file system on which secrets would be written. */
static void test_look_alike(void **state)
{
    (void)state;
    need_namespace();
    need_tool("cryptsetup");
    struct look seen;
    plug_in_made("sda", "mke2fs -q -F -U " UUID " image");
    look(&seen, "volume one UUID=" UUID " { luks; fs ext4 }\n", 0);
    assert_int_equal(seen.progress->stage, VOLUME_AWAITED);
    struct error error = {0};
    log_begin();
    assert_int_equal(device_overdue(seen.watch, seen.volume, &error), -ENODEV);
    free(log_end());
    assert_string_equal(error.text,
                        "UUID=" UUID ", the volume \"one\", did not appear within 90 s; "
                        "/dev/sda carries it, but holds ext2, not a LUKS container; "
                        "remove `luks`, or correct the tag");
    end_world(&seen.world);

    plug_in_luks("sdb", UUID);
    look(&seen, "volume one UUID=" UUID " { luks; fs ext4 }\n", 0);
    assert_int_equal(seen.progress->stage, VOLUME_FOUND);
    assert_string_equal(seen.progress->device, "/dev/sdb");
    end_world(&seen.world);

    /* With its header elsewhere, a container looks like nothing. */
    plug_in("sdc", 1);
    look(&seen, "volume one /dev/sdc { luks header=/header; fs ext4 }\n", 0);
    assert_int_equal(seen.progress->stage, VOLUME_FOUND);
    assert_string_equal(seen.progress->device, "/dev/sdc");
    end_world(&seen.world);
}

/* What a person is told, by what is there. */
static void test_remedies(void **state)
{
    (void)state;
    need_namespace();
    need_tool("cryptsetup");
    static const struct {
        const char *scene, *text, *remedy;
    } cases[] = {
        {"true", "volume one UUID=1 { fs ext4 }\n",
         "UUID=1, the volume \"one\", did not appear within 90 s; correct its tag, attach the "
         "disk, "
         "or add its driver with `module NAME`"},
        {"true", "volume one UUID=1 wait=1500ms { fs ext4 }\n",
         "UUID=1, the volume \"one\", did not appear within 1500 ms; correct its tag, attach the "
         "disk, or add its driver with `module NAME`"},
        {"luks", "volume one UUID=1 { fs ext4 }\n",
         "UUID=1, the volume \"one\", did not appear within 90 s; /dev/sdl is a LUKS container; if "
         "the volume lies in it, declare it with `luks`"},
        {"luks", "volume one UUID=1 { luks; fs ext4 }\n",
         "UUID=1, the volume \"one\", did not appear within 90 s; correct its tag, attach the "
         "disk, "
         "or add its driver with `module NAME`"},
        {"luks", "volume one UUID=1 { fs ext4 }\nvolume two UUID=" UUID " { luks }\n",
         "UUID=1, the volume \"one\", did not appear within 90 s; it may lie in the volume "
         "\"two\", "
         "which is still locked"},
        {"member", "volume one UUID=1 { fs ext4 }\n",
         "UUID=1, the volume \"one\", did not appear within 90 s; /dev/sdm is part of a volume "
         "group "
         "or an array; if the volume lies on it, add `lvm` or `raid` to its block"},
        {"member", "volume one UUID=1 { lvm; fs ext4 }\n",
         "UUID=1, the volume \"one\", did not appear within 90 s; correct its tag, attach the "
         "disk, "
         "or add its driver with `module NAME`"},
        {"held", "volume one LABEL=held { fs ext4 }\n",
         "LABEL=held, the volume \"one\", did not appear within 90 s; /dev/sdh carries it, but "
         "something lies on top of it already; name that instead, or declare what it lies on with "
         "`lvm` or `raid`"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct look seen;
        struct error error = {0};
        must_run("rm -rf /sys/class/block/* /dev/sd?");
        if (strcmp(cases[i].scene, "luks") == 0)
            plug_in_luks("sdl", UUID);
        if (strcmp(cases[i].scene, "member") == 0)
            plug_in_made("sdm", MAKE_LVM_MEMBER);
        if (strcmp(cases[i].scene, "held") == 0) {
            plug_in_ext4("sdh", "held");
            must_run("mkdir -p /sys/class/block/sdh/holders/dm-0");
        }
        look(&seen, cases[i].text, 0);
        log_begin();
        int code = device_overdue(seen.watch, seen.volume, &error);
        auto_string log = log_end();
        assert_outcome(cases[i].scene, code, &error, cases[i].remedy);
        assert_int_equal(code, -ENODEV);
        assert_contains(log, "ebb:   "); /* the devices, or that there is none */
        end_world(&seen.world);
    }
}

static void test_plan(void **state)
{
    (void)state;
    struct world world;
    begin_world(&world, "volume keys LABEL=keys { fs vfat }\n"
                        "volume state \"LABEL=my disk\" { luks keyfile=keys:/k; fs ext4 }\n"
                        "volume a LABEL=a { lvm; fs ext4 }\nvolume b LABEL=b { raid; fs ext4 }\n"
                        "volume c LABEL=c { lvm; raid; fs ext4 }\nvolume d LABEL=d { fs ext4 }\n");
    static const char *const sentences[] = {
        "wait for LABEL=my disk, the volume \"state\"",
        "wait for LABEL=a on LVM, the volume \"a\"",
        "wait for LABEL=b on RAID, the volume \"b\"",
        "wait for LABEL=c on RAID and LVM, the volume \"c\"",
        "wait for LABEL=d, the volume \"d\"",
    };
    struct plan plan = {.arena = world.report.arena};
    devices_plan(world.config, true, &plan);
    assert_int_equal(plan.count, 1);
    devices_plan(world.config, false, &plan);
    assert_int_equal(plan.count, ARRAY_LENGTH(sentences)); /* nobody waits for keys */
    for (size_t i = 0; i < plan.count; i++) {
        char sentence[200] = "";
        auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
        device_sentence(&plan.steps[i], stream);
        fflush(stream);
        assert_string_equal(sentence, sentences[i]);
        assert_int_equal(plan.steps[i].kind, STEP_DEVICE);
    }
    assert_true(device_is_key(world.config->volumes[0]));
    assert_false(device_is_key(world.config->volumes[1]));
    end_world(&world);
}

static void test_apply(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    plug_in_ext4("vda", "one");
    begin_world(&world, "volume one LABEL=one { fs ext4 }\n"
                        "volume two LABEL=two wait=1ms { fs ext4 }\n");
    struct plan plan = {.arena = world.report.arena};
    devices_plan(world.config, false, &plan);
    assert_int_equal(device_apply(&plan.steps[0], world.context, &error), 0);
    assert_string_equal(world.context->states[0].device, "/dev/vda");
    log_begin();
    int code = device_apply(&plan.steps[1], world.context, &error);
    auto_string log = log_end();
    assert_int_equal(code, -ENODEV);
    assert_contains(error.text, "LABEL=two, the volume \"two\", did not appear within 1 ms; ");
    assert_contains(log, "ebb:   /dev/vda ext4 UUID=");
    assert_string_equal(world.context->states[1].device, "");
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_found),
        ON_MACHINE(test_twins),
        ON_MACHINE(test_twins_while_stirred),
        ON_MACHINE(test_look_alike),
        ON_MACHINE(test_remedies),
        ON_MACHINE(test_members_are_one),
        ON_MACHINE(test_plan),
        ON_MACHINE(test_apply),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
