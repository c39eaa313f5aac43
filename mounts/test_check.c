#include "mounts/testing.h"

#include "mounts/check.h"

static int check(struct world *world, char **log, struct error *error)
{
    struct plan plan = {.arena = world->report.arena};
    checks_plan(world->config, &plan);
    assert_int_equal(plan.count, 1);
    log_begin();
    int code = check_apply(&plan.steps[0], world->context, error);
    *log = log_end();
    return code;
}

/* What each status means, of a program in the place of e2fsck that ends with it. */
static void test_statuses(void **state)
{
    (void)state;
    need_namespace();
    need_tool("e2fsck");
    static const char repaired[] =
        "ebb: e2fsck: -p /dev/vdy\n"
        "ebb: the check of /dev/vdy, the volume \"one\", has found faults, and repaired what it "
        "could; see the lines above\n";
    static const char faults[] =
        "the file system on /dev/vdy, the volume \"one\", has faults that are not safe to repair "
        "without you; see the lines above, and run its fsck by hand from another system";
#define NOT_CHECKED(number, reason)                                                                \
    "/dev/vdy, the volume \"one\", could not be checked (fsck status " number ": " reason          \
    "); correct its `fs`, or remove check=yes"
#define QUIET_LOG "ebb: e2fsck: -p /dev/vdy\n"
    static const struct {
        const char *end, *message, *log;
        int code;
    } cases[] = {
        {"exit 0", NULL, QUIET_LOG, 0},
        {"exit 1", NULL, repaired, 0},
        {"exit 2", NULL, repaired, 0},
        {"exit 3", NULL, repaired, 0},
        {"exit 4", faults, QUIET_LOG, -EUCLEAN},
        {"exit 5", faults, QUIET_LOG, -EUCLEAN},
        {"exit 8", NOT_CHECKED("8", "it failed to do its work"), QUIET_LOG, -EIO},
        {"exit 12", NOT_CHECKED("12", "it failed to do its work"), QUIET_LOG, -EIO},
        {"exit 16", NOT_CHECKED("16", "it was called wrongly"), QUIET_LOG, -EIO},
        {"exit 32", NOT_CHECKED("32", "it was cancelled"), QUIET_LOG, -EIO},
        {"exit 126", NOT_CHECKED("126", "unknown"), QUIET_LOG, -EIO},
        {"exit 255", NOT_CHECKED("255", "unknown"), QUIET_LOG, -EIO},
        {"kill -9 $$",
         "the check of /dev/vdy, the volume \"one\", did not come to its end; check it from "
         "another "
         "system, or remove check=yes",
         QUIET_LOG, -EIO},
    };
    struct world world;
    plug_in_ext4("vdy", "one");
    begin_world(&world, "volume one LABEL=one { fs ext4 check=yes }\n");
    put("e2fsck", "");
    must_run("chmod 755 e2fsck && mount --bind e2fsck /sbin/e2fsck");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[100];
        struct error error = {0};
        snprintf(text, sizeof(text), "#!/bin/sh\necho \"$*\"\n%s\n", cases[i].end);
        put("e2fsck", text);
        auto_string log = NULL;
        int code = check(&world, &log, &error);
        assert_outcome(cases[i].end, code, &error, cases[i].message);
        assert_int_equal(code, cases[i].code);
        assert_string_equal(log, cases[i].log);
    }
    struct error error = {0};
    auto_string log = NULL;
    must_run("chmod 644 e2fsck");
    assert_outcome("missing", check(&world, &log, &error), &error,
                   NOT_CHECKED("127", "it is not in the image"));
    must_run("umount /sbin/e2fsck");
    end_world(&world);
}

static void test_real(void **state)
{
    (void)state;
    need_namespace();
    need_tool("e2fsck");
    need_tool("debugfs");
    static const struct {
        const char *scene, *log, *message;
    } cases[] = {
        {"true", "e2fsck: one: clean, ", NULL},
        /* as after a power cut: the counters are not what the file system holds */
        {"debugfs -w -R 'ssv free_blocks_count 5' image 2>/dev/null && "
         "debugfs -w -R 'ssv state 0' image 2>/dev/null",
         "has found faults, and repaired what it could", NULL},
        {"debugfs -w -R 'clri <2>' image 2>/dev/null && "
         "debugfs -w -R 'ssv state 0' image 2>/dev/null",
         "RUN fsck MANUALLY",
         "the file system on /dev/vdy, the volume \"one\", has faults that are not safe to repair "
         "without you; see the lines above, and run its fsck by hand from another system"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char command[400];
        struct world world;
        struct error error = {0};
        snprintf(command, sizeof(command),
                 "mke2fs -q -F -t ext4 -O ^has_journal -L one image && (%s)", cases[i].scene);
        plug_in_made("vdy", command);
        begin_world(&world, "volume one LABEL=one { fs ext4 check=yes }\n");
        auto_string log = NULL;
        int code = check(&world, &log, &error);
        assert_outcome(cases[i].scene, code, &error, cases[i].message);
        assert_contains(log, cases[i].log);
        if (code == 0) { /* it is in order now */
            auto_string second = NULL;
            assert_int_equal(check(&world, &second, &error), 0);
            assert_contains(second, "e2fsck: one: clean, ");
        }
        end_world(&world);
    }
}

static void test_not_there(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    auto_string log = NULL;
    begin_world(&world, "volume one LABEL=one wait=1ms { fs ext4 check=yes }\n");
    assert_int_equal(check(&world, &log, &error), -ENODEV);
    assert_contains(error.text, "LABEL=one, the volume \"one\", did not appear");
    end_world(&world);
}

static void test_plan(void **state)
{
    (void)state;
    static const struct {
        const char *type, *program, *package, *sentence;
    } cases[] = {
        {"ext4", "/sbin/e2fsck", "e2fsprogs", "check the volume \"one\" with e2fsck"},
        {"ext3", "/sbin/e2fsck", "e2fsprogs", "check the volume \"one\" with e2fsck"},
        {"ext2", "/sbin/e2fsck", "e2fsprogs", "check the volume \"one\" with e2fsck"},
        {"vfat", "/sbin/fsck.vfat", "dosfstools", "check the volume \"one\" with fsck.vfat"},
        {"f2fs", "/sbin/fsck.f2fs", "f2fs-tools", "check the volume \"one\" with fsck.f2fs"},
        {"xfs", NULL, NULL, NULL},
        {"btrfs", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *package = NULL, *program = check_program(cases[i].type, &package);
        if (!cases[i].program) {
            assert_null(program);
            continue;
        }
        assert_string_equal(program, cases[i].program);
        assert_string_equal(package, cases[i].package);
        struct world world;
        char text[200], sentence[200] = "";
        snprintf(text, sizeof(text),
                 "volume one LABEL=one { fs %s check=yes }\nvolume two LABEL=two { fs %s }\n",
                 cases[i].type, cases[i].type);
        begin_world(&world, text);
        struct plan plan = {.arena = world.report.arena};
        checks_plan(world.config, &plan);
        assert_int_equal(plan.count, 1);
        assert_int_equal(plan.steps[0].kind, STEP_CHECK);
        auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
        check_sentence(&plan.steps[0], stream);
        fflush(stream);
        assert_string_equal(sentence, cases[i].sentence);
        end_world(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_statuses),
        ON_MACHINE(test_real),
        ON_MACHINE(test_not_there),
        ON_MACHINE(test_plan),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
