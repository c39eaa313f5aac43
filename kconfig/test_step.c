#include "base/testdata/scratch.h"

#include "kconfig/step.h"

struct world {
    struct report report;
    struct config *config;
    struct plan plan;
};

static void begin_world(struct world *world, const char *text)
{
    *world = (struct world){.report.arena = arena_new()};
    put("ebb.conf", text);
    world->config = config_load("ebb.conf", NULL, &world->report);
    for (size_t i = 0; i < world->report.count; i++)
        if (!strstr(world->report.problems[i].text, "no generations"))
            fail_msg("%s", world->report.problems[i].text);
    world->plan.arena = world->report.arena;
}

static void end_world(struct world *world)
{
    config_free(world->config);
    arena_free(world->report.arena);
}

/* The steps with the line that asked for each, "drivers 0|ext4 1|". */
static const char *told(const struct world *world)
{
    char *text = arena_string(world->report.arena, "");
    for (size_t i = 0; i < world->plan.count; i++) {
        const struct step *step = &world->plan.steps[i];
        assert_true(step->kind == STEP_DRIVERS || step->kind == STEP_MODULE);
        text =
            arena_printf(world->report.arena, "%s%s %u|", text,
                         step->kind == STEP_DRIVERS ? "drivers" : step->module, step->origin.line);
    }
    return text;
}

static const char *joined(const struct world *world, const char **names, size_t count)
{
    char *text = arena_string(world->report.arena, "");
    for (size_t i = 0; i < count; i++)
        text = arena_printf(world->report.arena, "%s%s ", text, names[i]);
    return text;
}

static void test_plans(void **state)
{
    (void)state;
    static const struct {
        const char *text, *drivers, *modules, *wanted, *useful;
    } cases[] = {
        {"root tmpfs\n", "drivers 0|", "", "", ""},
        {"volume a LABEL=a { fs ext4 }\nvolume b LABEL=b { fs ext4 }\nvolume c LABEL=c { fs xfs "
         "}\n",
         "drivers 0|", "ext4 1|xfs 3|", "ext4 xfs ", ""},
        /* what was asked for by name comes first: a file system may need it */
        {"volume a LABEL=a { fs ext4 }\nroot overlay\nmodule loop\nmodule ext4\nmodule loop\n",
         "drivers 0|", "loop 3|ext4 4|overlay 2|", "loop ext4 overlay ", ""},
        {"volume a LABEL=a { fs ext4 }\ngenerations a:/g trees=squashfs\nroot overlay\n",
         "drivers 0|", "ext4 1|loop 2|squashfs 2|overlay 3|", "ext4 loop squashfs overlay ", ""},
        {"volume a LABEL=a { fs ext4 }\ngenerations a:/g trees=squashfs,erofs\n", "drivers 0|",
         "ext4 1|loop 2|erofs 2|squashfs 2|", "ext4 loop erofs squashfs ", ""},
        /* only the kernel asks for it, when a file system turns out to be damaged */
        {"volume a LABEL=a { fs ext4 damaged=ask }\nvolume b LABEL=b { fs xfs damaged=memory }\n"
         "volume c LABEL=c { fs ext4 damaged=rescue }\n",
         "drivers 0|", "ext4 1|xfs 2|", "ext4 xfs ", "overlay "},
        {"volume a LABEL=a {\nluks\nfs btrfs\n}\nvolume b LABEL=b { luks }\n", "drivers 0|",
         "dm_crypt 2|btrfs 1|", "dm_crypt btrfs ", "cbc essiv sha256_generic cryptd "},
        {"volume a LABEL=a { fs ext4; lvm }\nvolume b LABEL=b { fs ext4; lvm }\n",
         "drivers 0|dm_mod 1|", "ext4 1|", "dm_mod ext4 ",
         "dm_snapshot dm_raid dm_thin_pool dm_mirror "},
        {"volume a LABEL=a { fs ext4 }\nvolume b LABEL=b { fs ext4; raid; lvm }\n",
         "drivers 0|md_mod 2|dm_mod 2|", "ext4 1|", "md_mod dm_mod ext4 ",
         "raid0 raid1 raid10 raid456 dm_snapshot dm_raid dm_thin_pool dm_mirror "},
        {"volume a LABEL=a { raid; luks; fs ext4 }\nmodule md_mod\n", "drivers 0|md_mod 1|",
         "md_mod 2|dm_crypt 1|ext4 1|", "md_mod dm_crypt ext4 ",
         "raid0 raid1 raid10 raid456 cbc essiv sha256_generic cryptd "},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        size_t count;
        begin_world(&world, cases[i].text);
        drivers_plan(world.config, &world.plan);
        assert_string_equal(told(&world), cases[i].drivers);
        world.plan = (struct plan){.arena = world.report.arena};
        modules_plan(world.config, &world.plan);
        assert_string_equal(told(&world), cases[i].modules);
        const char **names = modules_wanted(world.report.arena, world.config, &count);
        assert_string_equal(joined(&world, names, count), cases[i].wanted);
        names = modules_useful(world.report.arena, world.config, &count);
        assert_string_equal(joined(&world, names, count), cases[i].useful);
        end_world(&world);
    }
}

/* Both plans are one: what the first has asked for is not asked for again. */
static void test_one_plan(void **state)
{
    (void)state;
    struct world world;
    char sentence[100] = "";
    begin_world(&world, "volume a LABEL=a { raid; fs ext4 }\nmodule md_mod\n");
    drivers_plan(world.config, &world.plan);
    modules_plan(world.config, &world.plan);
    assert_string_equal(told(&world), "drivers 0|md_mod 1|ext4 1|");
    auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
    drivers_sentence(&world.plan.steps[0], stream);
    fputc('|', stream);
    module_sentence(&world.plan.steps[1], stream);
    fflush(stream);
    assert_string_equal(sentence,
                        "load the drivers of this machine's devices|load the module md_mod");
    end_world(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_plans), TEST(test_one_plan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
