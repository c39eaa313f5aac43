/* What the tests of this folder share: two volumes, a generation and a new root, and scenarios. */
#ifndef EBB_PERSIST_TESTING_H
#define EBB_PERSIST_TESTING_H

#include "base/testdata/scratch.h"

#include "persist/entry.h"

/* Two volumes and a new root, each a file system of its own, as in a boot. */
struct world {
    struct report report;
    struct config *config;
    struct context *context;
    struct plan plan;
};

/* There once the scene has made its tree. */
static const struct generation first_generation = {.number = 1, .tree = "/generations/1/tree"};
#define TREE "state/generations/1/tree"

/* `entries` stand in the block of the store on "state", or end it and begin another. */
static void read_config(struct world *world, const char *entries)
{
    char *text = NULL;
    world->report.arena = arena_new();
    assert_true(asprintf(&text,
                         "volume state LABEL=state { fs ext4 }\n"
                         "volume data LABEL=data { fs ext4; mount /data }\n"
                         "generations state:/generations\n"
                         "persist state:/persist {\n%s\n}\n",
                         entries) > 0);
    put("ebb.conf", text);
    free(text);
    world->config = config_load("ebb.conf", NULL, &world->report);
    persist_check(world->config, &world->report);
}

static void end_world(struct world *world)
{
    if (world->context) {
        close(world->context->root.fd);
        for (size_t i = 0; i < world->config->volume_count; i++)
            close(world->context->states[i].fd);
    }
    config_free(world->config);
    arena_free(world->report.arena);
    for (size_t i = 0; world->context && i < 4; i++)
        assert_int_equal(umount2((const char *[]){"root", "state", "data", "/run"}[i], MNT_DETACH),
                         0);
}

/* The scene is set once the volumes are there, and before they are opened. */
UNUSED static void begin_world(struct world *world, const char *entries, const char *scene)
{
    *world = (struct world){0};
    read_config(world, entries);
    for (size_t i = 0; world->report.errors && i < world->report.count; i++)
        fail_msg("%s", world->report.problems[i].text);
    must_run(
        "mount -t tmpfs run /run && mkdir -p root state data outside && echo secret > "
        "outside/secret &&"
        "for place in root state data; do mount -t tmpfs -o mode=755 $place $PWD/$place; done");
    /* its old options would name a user that does not exist in here */
    must_run("remount='mount --options-mode ignore -o remount'; %s", scene);
    struct arena *arena = world->report.arena;
    world->context = context_new(arena, world->config, ".", "root");
    world->context->root.fd = open_folder("root");
    for (size_t i = 0; i < world->config->volume_count; i++)
        world->context->states[i].fd = open(world->config->volumes[i]->name, O_PATH | O_CLOEXEC);
    world->plan.arena = arena;
    if (access("state/generations/1/tree", F_OK) == 0)
        world->context->generation = &first_generation;
    persist_plan(world->config, &world->plan);
    plan_sort(&world->plan, 0);
}

/* Does all steps up to the first that fails. */
static int apply(struct world *world, struct error *error)
{
    int code = 0;
    for (size_t i = 0; i < world->plan.count && code == 0; i++)
        code = entry_apply(&world->plan.steps[i], world->context, error);
    return code;
}

struct scenario {
    const char *name, *entries, *scene;
    const char *message; /* NULL: all entries are brought back */
    const char *check; /* a shell command that must succeed afterwards; `log` is what was logged */
};

UNUSED static void play(const struct scenario *scenario)
{
    struct world world;
    struct error error = {0};
    begin_world(&world, scenario->entries, scenario->scene);
    log_begin();
    int code = apply(&world, &error);
    auto_string log = log_end();
    put("log", log);
    assert_outcome(scenario->name, code, &error, scenario->message);
    if (!succeeds("%s", scenario->check))
        fail_msg("%s: %s\n%s", scenario->name, scenario->check, log);
    /* Whatever was planted: nothing came out of it, and nothing went in. */
    must_run("test \"$(find outside | sort | tr '\\n' ' ')\" = 'outside outside/secret ' &&"
             "test \"$(cat outside/secret)\" = secret && test $(stat -c %%a outside) = 755 &&"
             "test -z \"$(find state data root -xdev -name .ebb-new)\"");
    end_world(&world);
}

#define PLAY(scenarios)                                                                            \
    do {                                                                                           \
        need_namespace();                                                                          \
        for (size_t i = 0; i < ARRAY_LENGTH(scenarios); i++)                                       \
            play(&(scenarios)[i]);                                                                 \
    } while (0)

#endif
