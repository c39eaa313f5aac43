#include "mounts/testing.h"

#include "mounts/check.h"
#include "mounts/damaged.h"
#include "mounts/layer.h"

/* The device of the first volume is there. */
static void begin_whole(struct world *world, const char *text)
{
    struct error error;
    begin_world(world, text);
    if (watch_until(world->context, world->config->volumes[0], VOLUME_WHOLE, &error) < 0)
        fail_msg("%s", error.text);
}

static void need_overlay(void)
{
    need_namespace();
    if (!succeeds("grep -qw overlay /proc/filesystems"))
        skip_because("the kernel has no overlay");
    assert_true(layer_is_possible());
}

static void assert_can(const struct world *world, const char *reason)
{
    log_begin();
    bool can = damaged_can(world->context, world->config->volumes[0]);
    auto_string log = log_end();
    char text[300] = "";
    if (reason)
        snprintf(text, sizeof(text),
                 "ebb: changes on the volume \"one\" cannot stay in memory: %s\n", reason);
    assert_string_equal(log, text);
    assert_int_equal(can, reason == NULL);
}

#define ONE "volume one LABEL=one { fs ext4 }\n"

static void test_can(void **state)
{
    (void)state;
    need_overlay();
    struct world world;
    plug_in_ext4("vdy", "one");
    begin_world(&world, ONE);
    assert_can(&world, "its device is not there");
    end_world(&world);

    begin_whole(&world, ONE);
    assert_can(&world, NULL);
    world.context->states[0].in_memory = true;
    assert_can(&world, "that was tried");
    end_world(&world);

    begin_whole(&world, "volume one LABEL=one { fs ext4 options=noatime,ro }\n");
    assert_can(&world, "it is declared read-only");
    end_world(&world);

    begin_whole(&world, "volume one LABEL=one { fs xfs }\n");
    assert_can(&world, "its device does not hold what is declared");
    end_world(&world);

    /* As two subvolumes, of which the first could be mounted. */
    begin_whole(&world, "volume one LABEL=one { fs ext4 options=a }\n"
                        "volume two LABEL=one { fs ext4 options=b }\n");
    struct volume_state *states = world.context->states;
    memcpy(states[1].device, states[0].device, sizeof(states[0].device));
    states[1].fd = 0;
    assert_can(&world, "another volume on its device is written to");
    states[1].in_memory = true;
    assert_can(&world, NULL);
    end_world(&world);
}

static void test_go_on(void **state)
{
    (void)state;
    need_overlay();
    static const struct {
        const char *damaged;
        int code, expected;
    } cases[] = {
        {"rescue", -EIO, -EIO}, {"ask", -EIO, -EIO}, {"memory", -EIO, 1}, {"memory", 0, 0}};
    plug_in_ext4("vdy", "one");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[100];
        struct world world;
        snprintf(text, sizeof(text), "volume one LABEL=one { fs ext4 damaged=%s }\n",
                 cases[i].damaged);
        begin_whole(&world, text);
        const struct volume *volume = world.config->volumes[0];
        assert_int_equal(damaged_go_on(cases[i].code, volume, world.context), cases[i].expected);
        assert_int_equal(world.context->states[0].in_memory, cases[i].expected == 1);
        end_world(&world);
    }
}

/* What is not to be written to is not checked again. */
static void test_check(void **state)
{
    (void)state;
    need_overlay();
    need_tool("e2fsck");
    need_tool("debugfs");
    struct world world;
    struct error error = {0};
    plug_in_made("vdy", "mke2fs -q -F -t ext4 -O ^has_journal -L one image && "
                        "debugfs -w -R 'clri <2>' image 2>/dev/null && "
                        "debugfs -w -R 'ssv state 0' image 2>/dev/null");
    begin_world(&world, "volume one LABEL=one { fs ext4 check=yes damaged=memory }\n");
    struct plan plan = {.arena = world.report.arena};
    checks_plan(world.config, &plan);
    log_begin();
    int code = check_apply(&plan.steps[0], world.context, &error);
    auto_string first = log_end();
    assert_int_equal(code, 1);
    assert_contains(error.text, "has faults that are not safe to repair");
    assert_contains(first, "RUN fsck MANUALLY");
    assert_true(world.context->states[0].in_memory);
    log_begin();
    code = check_apply(&plan.steps[0], world.context, &error);
    auto_string second = log_end();
    assert_int_equal(code, 0);
    assert_string_equal(second, "ebb: /dev/vdy is not written to, so nothing could be repaired: it "
                                "is not checked\n");
    end_world(&world);
}

static void test_options(void **state)
{
    (void)state;
    static const struct {
        const char *declared, *options;
    } cases[] = {
        {NULL, "ro"},
        {"noatime,commit=60,data=journal,rw", "ro"},
        {"compress=zstd:3,subvol=@persist,discard=async", "ro,subvol=@persist"},
        {"logdev=/dev/vdb,subvolid=256,nodev", "ro,subvolid=256,logdev=/dev/vdb"},
    };
    auto_arena arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct volume volume = {.fs.options = cases[i].declared};
        assert_string_equal(damaged_options(arena, &volume), cases[i].options);
    }
}

static void test_cover(void **state)
{
    (void)state;
    need_overlay();
    struct volume volume = {.name = "one", .fs.options = "commit=9,nosuid,noatime"};
    struct error error = {0};
    must_run("mkdir disk place && mount -t tmpfs -o mode=1751 disk disk && mkdir disk/folder && "
             "echo old > disk/folder/file && chown %d:%d disk && mount -o remount,ro disk",
             has_users ? 7 : 0, has_users ? 8 : 0);
    assert_outcome("cover", damaged_cover(&volume, "disk", "place", &error), &error, NULL);
    must_run(
        "umount disk && ! test -e disk.memory && test $(stat -f -c %%T place) = overlayfs && "
        "test $(stat -c %%a:%%u:%%g place) = 1751:%d:%d && test $(cat place/folder/file) = old",
        has_users ? 7 : 0, has_users ? 8 : 0);
    must_run("echo new > place/folder/file && mkdir place/another && mv place/another place/x && "
             "test $(cat place/folder/file) = new && grep -q '^one .* overlay rw,nosuid,noatime,' "
             "/proc/mounts && "
             "umount place");

    volume.fs.options = NULL;
    /* What cannot lie below is told, and nothing stays. */
    must_run("echo > disk/file");
    assert_int_equal(damaged_cover(&volume, "disk/file", "place", &error), -EINVAL);
    assert_string_equal(error.text, "cannot lay an overlay over \"disk/file\": Invalid argument");
    must_run("! test -e disk/file.memory && ! mountpoint -q place");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_can),     ON_MACHINE(test_go_on), ON_MACHINE(test_check),
        ON_MACHINE(test_options), ON_MACHINE(test_cover),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
