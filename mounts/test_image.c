#include "base/testdata/images.h"

#include "mounts/image.h"
#include "mounts/root.h"

/* A state volume with generation 3, an image, and what comes of it. */
struct world {
    struct report report;
    struct config *config;
    struct context *context;
    struct generation generation;
    struct plan plan;
};

static void begin_world(struct world *world, const char *root, const char *options,
                        const char *type)
{
    char text[300];
    *world = (struct world){.report.arena = arena_new()};
    struct arena *arena = world->report.arena;
    snprintf(text, sizeof(text),
             "volume state LABEL=state { fs ext4 }\nroot %s\ngenerations state:/gens %s\n", root,
             options);
    put("ebb.conf", text);
    world->config = config_load("ebb.conf", NULL, &world->report);
    assert_int_equal(world->report.count, 0);
    auto_string here = getcwd(NULL, 0);
    world->context = context_new(arena, world->config, arena_printf(arena, "%s/volumes", here),
                                 arena_printf(arena, "%s/root", here));
    world->generation = (struct generation){.choice = "latest", .image = type};
    if (type) {
        world->generation.number = 3;
        world->generation.tree = arena_printf(arena, "/gens/3/tree.%s", type);
    }
    world->context->generation = &world->generation;
    world->plan.arena = arena;
    image_plan(world->config, &world->generation, &world->plan);
    root_plan(world->config, &world->generation, &world->plan);
}

static void end_world(struct world *world)
{
    root_discard(world->context);
    memory_close_fd(&world->context->states[0].fd);
    config_free(world->config);
    arena_free(world->report.arena);
}

static int apply(const struct world *world, struct error *error)
{
    int code = 0;
    for (size_t i = 0; i < world->plan.count && code == 0; i++) {
        const struct step *step = &world->plan.steps[i];
        code = (step->kind == STEP_IMAGE  ? image_apply
                : step->kind == STEP_ROOT ? root_apply
                                          : tree_apply)(step, world->context, error);
    }
    return code;
}

static void make_volume(void)
{
    must_run("mkdir -p tree/usr/bin tree/etc volumes/state/gens/3 &&"
             "echo program > tree/usr/bin/program && echo host > tree/etc/hostname");
    make_images("tree", "volumes/state/gens/3/tree");
}

static void open_volume(const struct world *world)
{
    world->context->states[0].fd = open_folder("volumes/state");
}

static const char *const roots[] = {"tmpfs", "overlay"};

static void test_apply(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_loop();
    make_volume();
    for (size_t i = 0; i < ARRAY_LENGTH(image_types) * ARRAY_LENGTH(roots); i++) {
        struct world world;
        struct error error = {0};
        const char *type = image_types[i / 2];
        begin_world(&world, roots[i % 2], "", type);
        open_volume(&world);
        assert_outcome(type, apply(&world, &error), &error, NULL);
        auto_fd tree = context_tree(world.context);
        must_run(
            "test $(cat root/usr/bin/program) = program && echo new > root/etc/hostname &&"
            "test $(cat volumes/.tree/etc/hostname) = host && mountpoint -q root &&"
            "test $(stat -f -c %%T volumes/.tree) != tmpfs && ! touch volumes/.tree/x 2> said");
        assert_int_equal(faccessat(tree, "usr/bin/program", F_OK, 0), 0);
        memory_close_fd(&tree);
        tree = -1;
        end_world(&world);
        must_run("! mountpoint -q volumes/.tree && test -z \"$(losetup -j "
                 "volumes/state/gens/3/tree.%s)\"",
                 type);
    }
}

static void test_failures(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *scene, *message;
    } cases[] = {
        {"rm tree.erofs", "cannot open the image \"state:/gens/3/tree.erofs\" of generation 3: No "
                          "such file or directory"},
        {"rm tree.erofs && ln -s /etc/passwd tree.erofs",
         "cannot open the image \"state:/gens/3/tree.erofs\" of generation 3: Too many levels of "
         "symbolic links"},
        {"rm tree.erofs && mkfifo tree.erofs",
         "the image \"state:/gens/3/tree.erofs\" of generation 3: cannot read it: Illegal seek"},
        {"cp tree.squashfs tree.erofs",
         "the image \"state:/gens/3/tree.erofs\" of generation 3: it "
         "is no image of erofs; make it anew"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        struct error error = {0};
        make_volume();
        begin_world(&world, "tmpfs", "", "erofs");
        must_run("cd volumes/state/gens/3 && %s", cases[i].scene);
        open_volume(&world);
        assert_outcome(cases[i].scene, apply(&world, &error), &error, cases[i].message);
        end_world(&world);
        must_run("rm -r tree volumes");
    }
}

static void test_sentences(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *root, *options, *type, *first;
        enum step_kind next;
    } cases[] = {
        {"tmpfs", "", "squashfs", "mount the tree of generation 3: squashfs, read-only", STEP_ROOT},
        {"overlay", "", "erofs", "mount the tree of generation 3: erofs, read-only", STEP_ROOT},
        {"tmpfs", "trees=erofs", NULL, "mount the tree of the latest generation, if it is an image",
         STEP_ROOT},
        {"tmpfs", "", NULL, NULL, STEP_TREE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        char sentence[200] = "";
        begin_world(&world, cases[i].root, cases[i].options, cases[i].type);
        assert_int_equal(world.plan.steps[1].kind, cases[i].next);
        if (cases[i].first) {
            assert_int_equal(world.plan.steps[0].kind, STEP_IMAGE);
            auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
            image_sentence(&world.plan.steps[0], stream);
            fflush(stream);
            assert_string_equal(sentence, cases[i].first);
        }
        end_world(&world);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_apply),
        TEST(test_failures),
        TEST(test_sentences),
    };
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
