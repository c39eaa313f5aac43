#include "mounts/testing.h"

#include "mounts/assemble.h"

/* Programs in the places of the real ones, which note how they were called. */
static void replace(const char *path, const char *end)
{
    auto_string here = getcwd(NULL, 0);
    must_run("test -e %s", path);
    must_run("printf '#!/bin/sh\\necho \"${0##*/} $*\" >> %s/calls\\n%s\\n' > script && "
             "chmod 755 script && cp -p script $(basename %s) && mount --bind $(basename %s) %s",
             here, end, path, path, path);
}

static void need_programs(void)
{
    need_namespace();
    need_tool("lvm");
    need_tool("mdadm");
    replace("/sbin/lvm", "");
    replace("/sbin/mdadm", "");
    put("calls", "");
}

static void give_back(void)
{
    must_run("umount /sbin/lvm /sbin/mdadm");
}

static void assert_calls(const char *expected)
{
    auto_string calls = output_of("sed 's/ --config .*//' calls; : > calls");
    assert_string_equal(calls, expected);
}

static void look_again(struct watch *watch)
{
    blocks_scan(watch->blocks);
    blocks_read(watch->blocks, false);
}

static struct watch *begin_watch(struct world *world, const char *text)
{
    begin_world(world, text);
    (void)watch_events(world->context);
    look_again(world->context->watch);
    return world->context->watch;
}

static void test_lvm(void **state)
{
    (void)state;
    need_programs();
    struct world world;
    plug_in_ext4("vda", "one");
    struct watch *watch = begin_watch(&world, "volume one /dev/group/one { lvm; fs ext4 }\n");
    assemble_groups(watch);
    assert_calls("");
    plug_in_made("vdb", MAKE_LVM_MEMBER);
    plug_in_made("vdc", MAKE_LVM_MEMBER);
    plug_in_made("vdd", MAKE_RAID_MEMBER);
    look_again(watch);
    assemble_groups(watch);
    assert_calls("lvm vgchange --activate ay --sysinit"); /* once for all that have come */
    assemble_groups(watch);
    assert_calls("");
    plug_in_made("vde", MAKE_LVM_MEMBER);
    look_again(watch);
    must_run("for i in b c e; do mkdir -p /sys/class/block/vd$i/holders/dm-0; done");
    assemble_groups(watch);
    assert_calls(""); /* they are in use already */
    end_world(&world);

    watch = begin_watch(&world, "volume one LABEL=one { fs ext4 }\n");
    must_run("rm -r /sys/class/block/*/holders");
    assemble_groups(watch);
    assert_calls(""); /* nobody has declared `lvm` */
    give_back();
    end_world(&world);
}

static void test_raid(void **state)
{
    (void)state;
    need_programs();
    struct world world;
    struct watch *watch =
        begin_watch(&world, "volume one LABEL=one { raid degraded=after=20s; fs ext4 }\n"
                            "volume two LABEL=two { raid; fs ext4 }\n");
    plug_in_made("vda", MAKE_RAID_MEMBER);
    plug_in_made("vdc", MAKE_LVM_MEMBER);
    look_again(watch);
    assemble_groups(watch);
    assert_calls("mdadm --incremental /dev/vda");
    plug_in_made("vdb", MAKE_RAID_MEMBER);
    const struct uevent event = {"add", "/devices/block/vdb", "block", "vdb", NULL};
    assert_true(blocks_note(watch->blocks, &event));
    blocks_read(watch->blocks, false);
    assemble_groups(watch);
    assert_calls("mdadm --incremental /dev/vdb");

    /* One array waits for a member, another one does not. */
    must_run("mkdir -p /sys/class/block/md126/md /sys/class/block/md127/md && "
             "echo active > /sys/class/block/md126/md/array_state && "
             "echo inactive > /sys/class/block/md127/md/array_state");
    watch->volumes[0].waited = 19999;
    watch->volumes[1].waited = 1000000; /* is never run without all of its members */
    assemble_groups(watch);
    assert_calls("");
    watch->volumes[0].waited = 20000;
    log_begin();
    assemble_groups(watch);
    assemble_groups(watch); /* once */
    auto_string log = log_end();
    assert_calls("mdadm --run /dev/md127");
    assert_string_equal(log, "ebb: starting the array /dev/md127 without all of its members, as "
                             "declared\n");
    give_back();
    end_world(&world);
}

/* What a program says is in the log; that it fails is no news, unless it was ended. */
static void test_programs(void **state)
{
    (void)state;
    static const struct {
        const char *end, *log;
    } cases[] = {
        {"exit 0", ""},
        {"echo hello; exit 5", "ebb: lvm: hello\n"},
        {"kill -9 $$", "ebb: lvm was ended, by a signal\n"},
    };
    need_namespace();
    need_tool("lvm");
    plug_in_made("vda", MAKE_LVM_MEMBER);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        replace("/sbin/lvm", cases[i].end);
        struct watch *watch = begin_watch(&world, "volume one /dev/g/one { lvm; fs ext4 }\n");
        log_begin();
        assemble_groups(watch);
        auto_string log = log_end();
        assert_string_equal(log, cases[i].log);
        must_run("umount /sbin/lvm");
        end_world(&world);
    }
}

/* Only a btrfs is spread over devices; where the kernel cannot tell, mounting it does. */
static void test_whole(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct watch *watch = begin_watch(&world, "volume one LABEL=one { fs ext4 }\n"
                                              "volume two LABEL=two { fs btrfs }\n"
                                              "volume three LABEL=three { luks }\n");
    for (size_t i = 0; i < 3; i++) {
        watch->volumes[i].stage = VOLUME_OPEN;
        assemble_advance(watch, world.config->volumes[i]);
        assert_int_equal(watch->volumes[i].stage, VOLUME_WHOLE);
        assert_false(world.context->states[i].degraded);
    }
    end_world(&world);
}

static void test_overdue(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    struct watch *watch = begin_watch(&world, "volume one LABEL=one wait=1500ms { fs btrfs }\n"
                                              "volume two LABEL=two { fs btrfs degraded=ro }\n");
    strcpy(world.context->states[0].device, "/dev/vda");
    assert_outcome("one", assemble_overdue(watch, world.config->volumes[0], &error), &error,
                   "the volume \"one\" on /dev/vda is spread over several devices, and not all of "
                   "them appeared within 1500 ms; attach them, or declare fs btrfs "
                   "degraded=after=30s");
    assert_int_equal(error.code, ENODEV);
    assert_false(world.context->states[0].degraded);
    log_begin();
    int code = assemble_overdue(watch, world.config->volumes[1], &error);
    auto_string log = log_end();
    assert_int_equal(code, 0);
    assert_true(world.context->states[1].degraded);
    assert_string_equal(log, "ebb: mounting the volume \"two\" read-only without all of its "
                             "devices, as declared\n");
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_lvm),   ON_MACHINE(test_raid),    ON_MACHINE(test_programs),
        ON_MACHINE(test_whole), ON_MACHINE(test_overdue),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
