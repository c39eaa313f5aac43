#include "base/testdata/scratch.h"

#include <sys/vfs.h>

#include "mounts/prove.h"
#include "mounts/root.h"
#include "mounts/volume.h"

/* A state volume with generation 3 on it, and what comes of it. */
struct world {
    struct report report;
    struct config *config;
    struct context *context;
    struct generation generation;
    struct plan plan;
};

static void read_config(struct world *world, const char *root, const char *folder)
{
    char text[500];
    *world = (struct world){.report.arena = arena_new()};
    snprintf(text, sizeof(text),
             "volume state LABEL=state { fs ext4; mount /persist }\nroot %s\n"
             "generations \"state:%s\"\n",
             root, folder);
    put("ebb.conf", text);
    world->config = config_load("ebb.conf", NULL, &world->report);
    for (size_t i = 0; i < world->report.count; i++)
        fail_msg("%s", world->report.problems[i].text);
    world->generation = (struct generation){
        .number = 3,
        .choice = "latest",
        .tree = arena_printf(world->report.arena, "%s/3/tree", folder),
    };
    world->plan.arena = world->report.arena;
    root_plan(world->config, &world->generation, &world->plan);
}

/* `scene` is set in the generation's tree. */
static void begin_world(struct world *world, const char *root, const char *folder,
                        const char *scene)
{
    read_config(world, root, folder);
    must_run("mkdir -p volumes/state outside && echo secret > outside/secret");
    assert_int_equal(mount("state", "volumes/state", "tmpfs", 0, "mode=755"), 0);
    must_run("mkdir -p 'volumes/state/%s/3/tree' && cd 'volumes/state/%s/3/tree' && %s", folder,
             folder, scene);
    auto_string here = getcwd(NULL, 0);
    const char *volumes = arena_printf(world->report.arena, "%s/volumes", here);
    const char *target = arena_printf(world->report.arena, "%s/root", here);
    world->context = context_new(world->report.arena, world->config, volumes, target);
    world->context->generation = &world->generation;
    world->context->states[0].fd = open("volumes/state", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void end_world(struct world *world)
{
    if (world->context) {
        memory_close_fd(&world->context->root.fd);
        memory_close_fd(&world->context->states[0].fd);
    }
    (void)umount2("root", MNT_DETACH); /* it may not have come so far */
    (void)umount2("volumes/.layer", MNT_DETACH);
    (void)umount2("volumes/state", MNT_DETACH);
    config_free(world->config);
    arena_free(world->report.arena);
    must_run("rm -rf root volumes outside");
}

static int apply(struct world *world, struct error *error)
{
    int code = 0;
    for (size_t i = 0; i < world->plan.count && code == 0; i++)
        code = (world->plan.steps[i].kind == STEP_ROOT ? root_apply : tree_apply)(
            &world->plan.steps[i], world->context, error);
    return code;
}

/* One of everything that a tree has at its top. */
static const char full_tree[] =
    "mkdir -p -m 755 usr/bin etc/ssl var/log root home/alice opt boot nix gnu lib64 library srv "
    "proc sys dev run tmp lost+found mine && ln -s usr/bin bin && ln -s usr/lib lib &&"
    "echo program > usr/bin/program && echo host > etc/hostname && echo left > run/left &&"
    "echo left > tmp/left && echo x > 'a file' && ln -s etc/hostname link && chmod 0700 root &&"
    "chmod 0750 srv && mkdir 'with blank'";

static void check_tmpfs(const char *options, const char *check)
{
    struct world world;
    struct error error = {0};
    begin_world(&world, options, "/generations", full_tree);
    assert_outcome(options, apply(&world, &error), &error, NULL);
    must_run("%s", check);
    end_world(&world);
}

static void test_tree(void **state)
{
    (void)state;
    need_namespace();
    static const char *const checks[] = {
        /* programs are the generation's own, and cannot be written */
        "for name in usr opt boot nix gnu lib64 library; do mountpoint -q root/$name &&"
        "! touch root/$name/x 2> /dev/null || exit 1; done;"
        "test $(stat -c %d root/usr) = $(stat -c %d volumes/state) && test -f root/bin/program",
        /* all else is in memory, and can */
        "for name in etc var root home srv mine 'with blank'; do ! mountpoint -q \"root/$name\" &&"
        "touch \"root/$name/x\" || exit 1; done;"
        "test $(stat -c %d root/etc) = $(stat -c %d root) && echo changed > root/etc/hostname &&"
        "echo changed > 'root/a file'",
        "cd volumes/state/generations/3/tree && test $(cat etc/hostname) = host && test ! -e etc/x "
        "&&test $(cat 'a file') = x",
        /* what belongs to the kernel is empty, with the modes it has everywhere */
        "test $(cd root && stat -c %n%a proc sys dev run tmp | tr '\\n' ' ' | tr ' ' ,) = "
        "proc555,sys555,dev755,run755,tmp1777, &&"
        "test -z \"$(ls -A root/proc root/sys root/dev | grep -v : )\" &&"
        "test ! -e root/run/left && test ! -e root/tmp/left && test ! -e root/lost+found",
        "test $(readlink root/link) = etc/hostname && test $(readlink root/lib) = usr/lib &&"
        "test $(stat -c %a root/root) = 700 && test $(stat -c %a root/srv) = 750 &&"
        "test $(stat -c %a root) = 755",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++)
        check_tmpfs("tmpfs", checks[i]);
}

static void test_options(void **state)
{
    (void)state;
    need_namespace();
    check_tmpfs("tmpfs size=3M inodes=500 mode=0711",
                "test $(stat -c %a root) = 711 && test $(stat -f -c %b:%S:%c root) = 768:4096:500");
    check_tmpfs("tmpfs size=50% inodes=0", "test $(stat -f -c %c root) = 0");
    struct world world;
    struct error error = {0};
    begin_world(&world, "tmpfs", "/generations", "true");
    umask(077); /* an empty tree is a root too, whatever the umask */
    assert_outcome("empty", apply(&world, &error), &error, NULL);
    umask(022);
    must_run("test $(cd root && stat -c %%a proc dev tmp | tr '\\n' ,) = 555,755,1777,");
    end_world(&world);
}

static void test_does_not_fit(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *root, *scene, *message;
    } cases[] = {
        {"tmpfs size=64k", "mkdir usr etc && head -c 200000 /dev/zero > etc/big",
         "\"/etc\" of generation 3 does not fit into the root of size=64k and inodes=1m; give "
         "`root tmpfs` more, or use `root overlay`"},
        {"tmpfs size=64k", "head -c 65500 /dev/zero > 'a file' && cp 'a file' another",
         NULL /* whichever comes first */},
        {"tmpfs inodes=20", "mkdir etc && cd etc && touch $(seq 30)",
         "\"/etc\" of generation 3 does not fit into the root of size=25% and inodes=20; give "
         "`root tmpfs` more, or use `root overlay`"},
        {"tmpfs inodes=6", "mkdir usr",
         "cannot make \"/usr\" in the new root: No space left on device"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        struct error error = {0};
        begin_world(&world, cases[i].root, "/generations", cases[i].scene);
        int code = apply(&world, &error);
        assert_int_equal(code, -ENOSPC);
        if (cases[i].message)
            assert_outcome(cases[i].scene, code, &error, cases[i].message);
        else
            assert_contains(error.text, "does not fit into the root of size=64k");
        end_world(&world);
    }
    /* What is bound needs no room. */
    struct world world;
    struct error error = {0};
    begin_world(&world, "tmpfs size=64k", "/generations",
                "mkdir usr && head -c 200000 /dev/zero > usr/big");
    assert_outcome("bound", apply(&world, &error), &error, NULL);
    end_world(&world);
}

static void test_more_than_the_memory(void **state)
{
    (void)state;
    need_namespace();
    static const char *const roots[] = {"tmpfs size=900000g", "overlay size=999999999m"};
    for (size_t i = 0; i < ARRAY_LENGTH(roots); i++) {
        struct world world;
        struct error error = {0};
        begin_world(&world, roots[i], "/generations", "mkdir usr");
        assert_int_equal(apply(&world, &error), -ENOMEM);
        assert_contains(error.text, "`root` may grow to size=9");
        assert_contains(error.text, " MiB of memory; give it a smaller size=, such as 50%");
        end_world(&world);
    }
}

/* The generation's folder is on the volume: no link may lead to another tree. */
static void test_no_tree(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *scene, *message;
    } cases[] = {
        {"cd .. && rmdir tree", "cannot open the tree \"state:/generations/3/tree\" of generation "
                                "3: No such file or directory"},
        {"cd .. && rmdir tree && echo > tree",
         "cannot open the tree \"state:/generations/3/tree\" of generation 3: Not a directory"},
        {"cd .. && rmdir tree && ln -s ../../../../outside tree",
         "cannot open the tree \"state:/generations/3/tree\" of generation 3: Too many levels of "
         "symbolic links"},
        {"cd ../.. && mv 3 4 && ln -s 4 3",
         "cannot open the tree \"state:/generations/3/tree\" of generation 3: Too many levels of "
         "symbolic links"},
    };
    static const char *const roots[] = {"tmpfs", "overlay"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases) * 2; i++) {
        struct world world;
        struct error error = {0};
        begin_world(&world, roots[i % 2], "/generations", cases[i / 2].scene);
        assert_outcome(cases[i / 2].scene, apply(&world, &error), &error, cases[i / 2].message);
        end_world(&world);
    }
}

static void test_overlay(void **state)
{
    (void)state;
    need_namespace();
    if (!succeeds("grep -qw overlay /proc/filesystems"))
        skip_because("the kernel has no overlay");
    static const char *const folders[] = {"/generations", "/a,b:c d\\\\e/,", "/é"};
    static const char *const kept[] = {"/generations", "/a,b:c d\\e/,", "/é"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        struct world world;
        struct error error = {0};
        read_config(&world, "overlay size=3M mode=0751", folders[i]);
        config_free(world.config);
        arena_free(world.report.arena);
        begin_world(&world, "overlay size=3M mode=0751", kept[i], full_tree);
        assert_int_equal(world.plan.count, 1);
        assert_outcome(kept[i], apply(&world, &error), &error, NULL);
        must_run("test $(stat -f -c %%T root) = overlayfs && test $(stat -c %%a root) = 751 &&"
                 "test $(cat root/usr/bin/program) = program && test -f root/run/left &&"
                 "echo changed | tee root/etc/hostname > root/usr/bin/program && rm -r root/opt &&"
                 "cd 'volumes/state%s/3/tree' && test $(cat etc/hostname) = host &&"
                 "test $(cat usr/bin/program) = program && test -d opt",
                 kept[i]);
        must_run(
            "! head -c 4000000 /dev/zero > root/big 2> /dev/null"); /* size= bounds the layer */
        end_world(&world);
    }
    struct world world;
    struct error error = {0};
    begin_world(&world, "overlay", "/generations", "mkdir usr");
    assert_outcome("thin", apply(&world, &error), &error, NULL);
    must_run(
        "test $(cd root && stat -c %%a proc sys dev run tmp | tr '\\n' ,) = 555,555,755,755,1777,");
    end_world(&world);
}

static void test_plan(void **state)
{
    (void)state;
    static const struct {
        const char *root, *line, *generation, *init, *sentences;
        unsigned number;
    } cases[] = {
        {"tmpfs size=2G mode=0711", NULL, NULL, "/sbin/init",
         "make the root: tmpfs, size=2G, mode=0711\n"
         "lay out the latest generation: programs read-only, the rest copied\n"
         "prove that /sbin/init can be executed in the new root\n",
         0},
        {"tmpfs", NULL, "/init", "/init",
         "make the root: tmpfs, size=25%, mode=0755\n"
         "lay out generation 3: programs read-only, the rest copied\n"
         "prove that /init can be executed in the new root\n",
         3},
        {"overlay size=10%", "/bin/sh", "/init", "/bin/sh",
         "make the root: generation 3 below a layer in memory, size=10%\n"
         "prove that /bin/sh can be executed in the new root\n",
         3},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char sentences[500] = "";
        struct world world;
        read_config(&world, cases[i].root, "/generations");
        world.generation.number = cases[i].number;
        world.generation.init = cases[i].generation;
        prove_plan(world.config, &world.generation, cases[i].line, &world.plan);
        auto_file stream = fmemopen(sentences, sizeof(sentences), "w");
        for (size_t j = 0; j < world.plan.count; j++) {
            const struct step *step = &world.plan.steps[j];
            void (*sentence)(const struct step *, FILE *) = step->kind == STEP_ROOT ? root_sentence
                                                            : step->kind == STEP_TREE
                                                                ? tree_sentence
                                                                : prove_sentence;
            sentence(step, stream);
            fputc('\n', stream);
        }
        fflush(stream);
        assert_string_equal(sentences, cases[i].sentences);
        const struct step *prove = &world.plan.steps[world.plan.count - 1];
        assert_string_equal(prove->init, cases[i].init);
        assert_string_equal(prove->origin.file, cases[i].line ? "kernel command line" : "ebb.conf");
        config_free(world.config);
        arena_free(world.report.arena);
    }
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *root, *problem;
    } cases[] = {
        {"tmpfs", NULL},
        {"tmpfs mode=0711", NULL},
        {"tmpfs mode=0001", NULL},
        {"tmpfs mode=0644", "nobody could enter a root of mode 0644; write mode=0755"},
        {"overlay mode=0", "nobody could enter a root of mode 0000; write mode=0755"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        read_config(&world, cases[i].root, "/generations");
        root_check(world.config, &world.report);
        assert_int_equal(world.report.count, cases[i].problem != NULL);
        if (cases[i].problem)
            assert_string_equal(world.report.problems[0].text, cases[i].problem);
        config_free(world.config);
        arena_free(world.report.arena);
    }
}

/* The volume is seen in its place as well, so that another root can be made; at the switch it goes
 * from where it was, and its descriptor goes on being it. */
static void test_place(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *scene, *message;
    } cases[] = {
        {"true", NULL},
        {"mkdir root/persist", NULL},
        {"ln -s ../outside root/persist", "the volume \"state\": \"/persist\" leads through the "
                                          "symbolic link \"persist\"; replace the "
                                          "link, or name the folder itself"},
        {"echo > root/persist",
         "the volume \"state\": \"persist\" in \"/persist\" is not a folder"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        struct error error = {0};
        begin_world(&world, "tmpfs", "/generations", "true");
        assert_outcome("root", apply(&world, &error), &error, NULL);
        must_run("%s", cases[i].scene);
        struct plan places = {.arena = world.report.arena};
        places_plan(world.config, &places);
        assert_int_equal(places.count, 1);
        int code = place_apply(&places.steps[0], world.context, &error);
        assert_outcome(cases[i].scene, code, &error, cases[i].message);
        if (code == 0) {
            must_run("mountpoint -q root/persist && mountpoint -q volumes/state");
            places_release(world.context);
            must_run("mountpoint -q root/persist && ! mountpoint -q volumes/state");
            auto_fd made = path_open(world.context->states[0].fd, "made", O_WRONLY | O_CREAT);
            assert_true(made >= 0);
            must_run("test -f root/persist/made");
        } else {
            must_run("mountpoint -q volumes/state && test \"$(ls outside)\" = secret");
        }
        end_world(&world);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tree),         TEST(test_options),
        TEST(test_does_not_fit), TEST(test_more_than_the_memory),
        TEST(test_no_tree),      TEST(test_overlay),
        TEST(test_plan),         TEST(test_check),
        TEST(test_place),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
