/* Which kernel a generation needs, and what the one that is started is told. Starting it is what
 * qemu-tests/test_boot_entries.c does. */
#include "base/testdata/images.h"

#include "generations/attempt.h"
#include "generations/choice.h"
#include "generations/entry.h"
#include "generations/kexec.h"
#include "generations/record.h"

#define ENTRY "esp/loader/entries/ebb-5ce0e000-000-g000002.conf"

struct scene {
    struct arena *arena;
    struct volume state, esp, *volumes[2];
    struct config config;
    struct context *context;
    struct plan plan;
};

/* Generation 1 is of the kernel that runs, 2 of another one, 3 of any. */
static void begin(struct scene *scene)
{
    *scene = (struct scene){
        .arena = arena_new(), .state = {.name = "state"}, .esp = {.name = "esp", .number = 1}};
    must_run("mkdir -p state esp/loader/entries esp/EFI/ebb && cd state && for i in 1 2 3; do "
             "mkdir -p generations/$i/tree &&"
             "echo '{\"format\": 1}' > generations/$i/generation.json; done; cd generations &&"
             "mkdir -p 1/tree/usr/lib/modules/$(uname -r) 2/tree/usr/lib/modules/0.1");
    scene->volumes[0] = &scene->state;
    scene->volumes[1] = &scene->esp;
    scene->config = (struct config){
        .volumes = scene->volumes,
        .volume_count = 2,
        .generations =
            {.place = {.volume_name = "state", .path = "/generations", .volume = &scene->state},
             .record = {.volume_name = "state", .path = "/.ebb/record", .volume = &scene->state},
             .default_choice = "latest",
             .tries = 2},
        .boot = {.place = {.volume_name = "esp", .path = "/", .volume = &scene->esp}}};
    scene->context = context_new(scene->arena, &scene->config, ".", "root");
    scene->context->states[0].fd = open_folder("state");
    scene->context->states[0].identity = "5ce0e000-0000-4000-8000-00000000000a";
    scene->context->states[1].fd = open_folder("esp");
    scene->plan.arena = scene->arena;
    kexec_plan(&scene->config, &scene->plan);
}

static void end(struct scene *scene)
{
    close(scene->context->states[0].fd);
    close(scene->context->states[1].fd);
    arena_free(scene->arena);
}

static void choose(struct scene *scene, const char *asked, const char *expected)
{
    struct error error;
    struct plan plan = {.arena = scene->arena};
    choice_plan(&scene->config, asked, &plan);
    if (choice_apply(&plan.steps[0], scene->context, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(arena_printf(scene->arena, "%u", scene->context->generation->number),
                        expected);
}

static void assert_apply(struct scene *scene, const char *expected)
{
    struct error error = {0};
    int code = kexec_apply(&scene->plan.steps[0], scene->context, &error);
    assert_outcome("kexec", code, &error, expected);
}

static void test_needed(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const bool expected[] = {false, true, false};
    struct scene scene;
    begin(&scene);
    for (unsigned i = 0; i < 3; i++) {
        choose(&scene, arena_printf(scene.arena, "%u", i + 1),
               arena_printf(scene.arena, "%u", i + 1));
        assert_int_equal(kexec_is_needed(scene.context, scene.context->generation), expected[i]);
    }
    assert_apply(&scene, NULL);
    end(&scene);
}

/* What is looked into is let go of before it is mounted, or another kernel is started. */
static void test_images(void **state)
{
    (void)state; /* as above */
    need_loop();
    for (size_t i = 0; i < ARRAY_LENGTH(image_types); i++) {
        struct scene scene;
        begin(&scene);
        for (unsigned number = 1; number <= 2; number++) {
            char tree[64];
            snprintf(tree, sizeof(tree), "state/generations/%u/tree", number);
            make_images(tree, tree);
            must_run("mv %s.%s kept && rm -r %s %s.* && mv kept %s.%s", tree, image_types[i], tree,
                     tree, tree, image_types[i]);
            const char *word = arena_printf(scene.arena, "%u", number);
            choose(&scene, word, word);
            assert_string_equal(scene.context->generation->image, image_types[i]);
            assert_int_equal(kexec_is_needed(scene.context, scene.context->generation),
                             number == 2);
            must_run("test -z \"$(losetup -j %s.%s)\"", tree, image_types[i]);
        }
        assert_apply(&scene, "generation 2 needs its own kernel: there is no boot entry "
                             "\"ebb-5ce0e000-000-g000002.conf\"; run `ebb boot sync`");
        must_run("head -c 100 state/generations/2/tree.%s > half &&"
                 "mv half state/generations/2/tree.%s",
                 image_types[i], image_types[i]);
        assert_false(kexec_is_needed(scene.context, scene.context->generation));
        end(&scene);
        must_run("rm -r state esp");
    }
}

static void test_entry(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin(&scene);
    choose(&scene, "2", "2");
    assert_apply(&scene, "generation 2 needs its own kernel: there is no boot entry "
                         "\"ebb-5ce0e000-000-g000002.conf\"; run `ebb boot sync`");
    must_run("echo half > " ENTRY);
    assert_apply(&scene, "generation 2 needs its own kernel: the boot entry "
                         "\"ebb-5ce0e000-000-g000002.conf\" cannot be understood");
    must_run("cd esp; echo kernel > EFI/ebb/kernel; echo image > EFI/ebb/image;"
             "{ for i in kernel:linux image:initrd; do f=EFI/ebb/${i%%:*}; set -- $(sha256sum $f);"
             "echo \"# ${i%%:*} $(stat -c %%s $f) $1\"; echo \"${i#*:} /$f\"; done; "
             "echo options quiet; } > ../" ENTRY " && echo other > EFI/ebb/image");
    assert_apply(&scene, "generation 2 needs its own kernel: \"/EFI/ebb/image\" on the boot "
                         "partition is damaged; make it anew with `ebb boot sync --rebuild`");
    scene.context->continues = 2;
    assert_apply(&scene, "generation 2 has no modules for the kernel of its boot entry; run `ebb "
                         "boot sync`");
    scene.context->continues = 1;
    assert_apply(&scene, "generation 2 needs another kernel; reboot, and choose it then");
    end(&scene);
}

static void test_parameters(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    char boot[RECORD_BOOT_TEXT];
    begin(&scene);
    choose(&scene, "2", "2");
    record_boot_id(boot);
    assert_int_equal(strlen(boot), 32);
    assert_string_equal(
        kexec_parameters(scene.context, "quiet ebb.generation=2  -- single"),
        arena_printf(scene.arena, "ebb.continues=%s:2 ebb.generation=2 quiet -- single", boot));
    scene.context->generation_is_asked = false;
    assert_string_equal(kexec_parameters(scene.context, NULL),
                        arena_printf(scene.arena, "ebb.continues=%s:2", boot));
    end(&scene);
}

/* A generation of another kernel is as good as any where its kernel can be started, and what the
 * PID 1 before has chosen is not chosen again. */
static void test_choice(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin(&scene);
    scene.config.generations.default_choice = "2";
    choose(&scene, NULL, "2");
    scene.context->continues = 2;
    choose(&scene, NULL, "2");
    scene.context->continues = 3;
    choose(&scene, NULL, "3");
    choose(&scene, "1", "1");
    scene.context->continues = 0;
    scene.config.boot.place.volume = NULL;
    must_run("rm state/.ebb/record"); /* this boot has attempted all of them */
    choose(&scene, NULL, "1");
    struct plan plan = {.arena = scene.arena};
    kexec_plan(&scene.config, &plan);
    assert_int_equal(plan.count, 0);
    end(&scene);
}

static struct record read_record(void)
{
    struct error error;
    struct record record;
    auto_fd fd = open("state/.ebb/record", O_RDONLY | O_CLOEXEC);
    assert_int_equal(record_read(fd, &record, &error), 0);
    return record;
}

/* What the PID 1 of a kernel with `ebb.continues=` does, to the end. */
static void assert_boot(struct scene *scene, const char *expected, unsigned continues)
{
    scene->context->continues = 3;
    scene->context->generation = NULL;
    scene->context->is_waiting = true;
    attempt_wait(scene->context); /* for a passphrase of a volume, before anything is chosen */
    scene->context->is_waiting = false;
    choose(scene, NULL, expected);
    assert_int_equal(scene->context->continues, continues);
    attempt_note(scene->context, RECORD_LEFT, "");
}

/* `kexec --reuse-cmdline` of a system that came by kexec. */
static void test_parameters_used_again(void **state)
{
    (void)state; /* as above */
    need_namespace();
    struct scene scene;
    char own[RECORD_BOOT_TEXT], told[RECORD_BOOT_TEXT];
    begin(&scene);
    scene.config.generations.default_choice = "1";
    record_boot_id(own);
    must_run("mount -t tmpfs tests /run && mkdir /run/ebb && echo 'quiet " RECORD_CONTINUES
             "00112233445566778899aabbccddeeff:3' > line && mount --bind line /proc/cmdline");
    assert_boot(&scene, "3", 3);
    record_boot_id(told);
    assert_string_equal(told, "00112233445566778899aabbccddeeff");
    assert_int_equal(read_record().count, 1);
    assert_boot(&scene, "1", 0);
    record_boot_id(told);
    assert_string_equal(told, own);
    struct record record = read_record();
    assert_int_equal(record.count, 2);
    assert_int_equal(record.attempts[0].stage, RECORD_LEFT);
    assert_ptr_equal(record_before(&record), &record.attempts[0]);
    assert_ptr_equal(record_current(&record, 1), &record.attempts[1]);
    must_run("umount /proc/cmdline /run");
    end(&scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_needed), TEST(test_images),
                                       TEST(test_entry),  TEST(test_parameters),
                                       TEST(test_choice), TEST(test_parameters_used_again)};
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
