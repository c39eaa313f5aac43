/* Which kernel a system of a Nix profile needs, what is started for it, and which system an entry
 * of NixOS asks for. Starting it is what qemu-tests/test_nixos.c does. */
#include "generations/choosing.h"
#include "generations/kexec.h"
#include "generations/loader.h"
#include "generations/nix_kernel.h"

#define VENDOR "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* Of 1 are the modules for the kernel that runs, of 2 for another one, and of 3, which is the
 * latest, none. All lie behind links, and in 2 is the specialisation "dark". */
static void begin_profile(struct scene *scene)
{
    begin(scene);
    must_run(
        "rm -rf volume && mkdir -p volume/profiles volume/store && cd volume/store &&"
        "mkdir h1 h2 h3 hd h2/specialisation m1 m2 v1 &&"
        "for i in 1 2 3; do ln -s /nix/store/h$i ../profiles/system-$i-link; done &&"
        "ln -s system-3-link ../profiles/system && ln -s /nix/store/m1 h1/kernel-modules &&"
        "ln -s /nix/store/m2 h2/kernel-modules && mkdir -p m1/lib/modules m2/lib/modules/0.1 &&"
        "ln -s /nix/store/v1 m1/lib/modules/$(uname -r) &&"
        "ln -s /nix/store/hd h2/specialisation/dark &&"
        "echo '{\"v1\": {\"init\": \"/nix/store/h2/init\"}, \"org.nixos.specialisation.v1\": "
        "{\"dark\": {\"v1\": {\"init\": \"/nix/store/hd/init\"}}}}' > h2/boot.json");
    scene->volume.mount = "/nix";
    scene->config.generations.kind = STORE_NIX;
    scene->config.generations.place.path = "/profiles";
    close(scene->context->states[0].fd);
    scene->context->states[0].fd = open_folder("volume");
}

static bool is_needed(struct scene *scene, const char *asked)
{
    (void)choose(scene, asked);
    return kexec_is_needed(scene->context, scene->context->generation);
}

static void test_needed(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct scene scene;
    struct error error = {0};
    struct plan plan = {.arena = arena_new()};
    begin_profile(&scene);
    kexec_plan(&scene.config, &plan);
    assert_int_equal(plan.count, 1);
    assert_true(kexec_is_possible(scene.context));
    assert_false(is_needed(&scene, "1"));
    assert_false(is_needed(&scene, "3"));
    assert_int_equal(kexec_apply(&plan.steps[0], scene.context, &error), 0);
    assert_false(is_needed(&scene, "2/dark")); /* which has modules of its own, or none */
    assert_true(is_needed(&scene, "2"));
    scene.context->continues = 2;
    assert_false(kexec_is_possible(scene.context));
    assert_outcome("kexec", kexec_apply(&plan.steps[0], scene.context, &error), &error,
                   "generation 2 has no modules for the kernel of its bootspec; make it anew with "
                   "`nixos-rebuild boot`");
    scene.context->continues = 1;
    assert_outcome("kexec", kexec_apply(&plan.steps[0], scene.context, &error), &error,
                   "generation 2 needs another kernel; reboot, and choose it then");
    must_run("rm volume/store/h2/kernel-modules && ln -s /etc volume/store/h2/kernel-modules");
    assert_false(is_needed(&scene, "2"));
    end(&scene);
    arena_free(plan.arena);
}

/* What the bootspec of 3 is to say, and what is made in the store. */
static int open_payload(struct scene *scene, const char *spec, const char *make,
                        struct error *error)
{
    int kernel = -1, image = -1;
    must_run("cd volume/store && echo '{\"v1\": {\"init\": \"/nix/store/h3/init\"%s}}' > "
             "h3/boot.json && %s",
             spec, make);
    (void)choose(scene, "3");
    int code =
        nix_kernel_open(scene->arena, scene->context->states[0].fd, &scene->config.generations,
                        scene->context->generation, &kernel, &image, error);
    if (code < 0)
        return code;
    auto_fd first = kernel, second = image;
    auto_string text = NULL;
    auto_string other = NULL;
    assert_int_equal(path_read_fd(first, "kernel", 100, &text, NULL, error), 0);
    assert_int_equal(path_read_fd(second, "initrd", 100, &other, NULL, error), 0);
    assert_string_equal(text, "the kernel\n");
    assert_string_equal(other, "the image\n");
    return 0;
}

#define KERNEL ", \"kernel\": \"/nix/store/k/bzImage\""
#define INITRD ", \"initrd\": \"/nix/store/i/initrd\""

static void test_payload(void **state)
{
    (void)state; /* as above */
    static const struct {
        const char *spec, *make, *message;
    } cases[] = {
        {"", "true", "its system names no kernel; choose its entry in the boot loader"},
        {KERNEL, "true",
         "cannot open its kernel \"/nix/store/k/bzImage\": No such file or directory; choose its "
         "entry in the boot loader"},
        {KERNEL, "mkdir k && echo the kernel > k/bzImage",
         "its system names no initrd; choose its entry in the boot loader"},
        {KERNEL ", \"initrd\": \"/etc/passwd\"", "true",
         "\"/etc/passwd\" of the Nix profile leads to \"/etc/passwd\", which is not below /nix; "
         "boot another one with ebb.generation="},
        {KERNEL INITRD, "ln -s /nix/store/x i && mkdir x && echo the image > x/initrd", NULL},
    };
    struct scene scene;
    begin_profile(&scene);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        int code = open_payload(&scene, cases[i].spec, cases[i].make, &error);
        assert_outcome(cases[i].spec, code, &error, cases[i].message);
    }
    end(&scene);
}

static void assert_told(struct scene *scene, const char *choice, const char *entry,
                        const char *parameters)
{
    char boot[RECORD_BOOT_TEXT];
    (void)choose(scene, choice);
    const struct generation *chosen = scene->context->generation;
    record_boot_id(boot);
    assert_string_equal(nix_kernel_entry(scene->arena, chosen), entry);
    assert_string_equal(
        kexec_parameters(scene->context, nix_kernel_parameters(scene->arena, chosen)),
        arena_printf(scene->arena, "ebb.continues=%s:%s", boot, parameters));
}

static void test_told(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin_profile(&scene);
    must_run("echo quiet splash > volume/store/h3/kernel-params");
    assert_told(&scene, NULL, "nixos-generation-3.conf", "3 init=/nix/store/h3/init quiet splash");
    assert_told(&scene, "2", "nixos-generation-2.conf",
                "2 ebb.generation=2 init=/nix/store/h2/init");
    assert_told(&scene, "2/dark", "nixos-generation-2-specialisation-dark.conf",
                "2 ebb.generation=2/dark init=/nix/store/hd/init");
    end(&scene);
}

/* Chooses with init=; whether that is heeded, and whether it is somebody's choice. */
static void assert_init(struct scene *scene, const char *init, const char *asked,
                        const char *expected, bool is_asked)
{
    bool is_of_system = strncmp(init, "/nix/store/h", 12) == 0;
    scene->context->asked_init = init;
    (void)choose(scene, asked);
    assert_string_equal(scene->context->generation->init, expected);
    assert_int_equal(scene->context->generation_is_asked, is_asked);
    assert_int_equal(!scene->context->asked_init, is_of_system);
}

static void test_init(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin_profile(&scene);
    assert_init(&scene, "/nix/store/h3/init", NULL, "/nix/store/h3/init", false);
    assert_init(&scene, "/nix/store/h1/init", NULL, "/nix/store/h1/init", true);
    assert_init(&scene, "/nix/store/hd/init", NULL, "/nix/store/hd/init", true);
    assert_init(&scene, "/nix/store/h1/init", "2", "/nix/store/h2/init", true);
    assert_init(&scene, "/nix/store/x/init", NULL, "/nix/store/h3/init", false);
    assert_init(&scene, "/bin/sh", NULL, "/nix/store/h3/init", false);
    (void)record_of(&scene, 1, 0); /* as `ebb rollback 1` does */
    assert_init(&scene, "/nix/store/h3/init", NULL, "/nix/store/h1/init", false);
    assert_init(&scene, "/nix/store/h2/init", NULL, "/nix/store/h2/init", true);
    scene.context->continues = 2; /* with what kexec_parameters() says */
    assert_init(&scene, "/nix/store/h2/init", NULL, "/nix/store/h2/init", false);
    assert_init(&scene, "/nix/store/hd/init", NULL, "/nix/store/hd/init", false);
    assert_init(&scene, "/nix/store/hd/init", "2/dark", "/nix/store/hd/init", true);
    end(&scene);
}

/* nixos-rebuild ends it; what it makes without leading there does not. */
static void test_choice_ends(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin_profile(&scene);
    (void)choose(&scene, NULL);
    (void)record_of(&scene, 1, 0); /* as `ebb rollback 1` does */
    assert_int_equal(choose(&scene, NULL), 1);
    must_run("mkdir volume/store/h4 && ln -s /nix/store/h4 volume/profiles/system-4-link");
    assert_int_equal(choose(&scene, NULL), 1);
    must_run("ln -sfn system-4-link volume/profiles/system");
    assert_int_equal(choose(&scene, NULL), 4);
    assert_int_equal(record_of(&scene, 0, 0).chosen, 0);
    end(&scene);
}

/* The entry of a system that is tried is its trial; that of another one puts it off. */
static void test_trial(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin_profile(&scene);
    (void)choose(&scene, NULL);
    write_trial(&scene, two, true);
    assert_init(&scene, "/nix/store/h1/init", NULL, "/nix/store/h1/init", true);
    assert_int_equal(scene.context->trial, 0);
    assert_int_equal(record_of(&scene, 0, 0).trial.state, TRIAL_WANTED);
    reboot_scene(&scene);
    assert_init(&scene, "/nix/store/h2/init", NULL, "/nix/store/h2/init", false);
    assert_int_equal(scene.context->trial, 900);
    end(&scene);
}

/* As far as somebody gets who may neither start a kernel nor reboot. */
static void assert_order(struct scene *scene, const char *expected, bool is_asked)
{
    struct error error = {0};
    struct plan plan = {.arena = scene->arena};
    kexec_plan(&scene->config, &plan);
    (void)choose(scene, NULL);
    assert_true(kexec_apply(&plan.steps[0], scene->context, &error) < 0);
    assert_contains(error.text, expected);
    assert_int_equal(succeeds("test -e " LOADER_FOLDER "/LoaderEntryOneShot" VENDOR), is_asked);
}

/* The loader is asked once for the entry of NixOS, if it has it. */
static void test_order(void **state)
{
    (void)state; /* as above */
    static const char refused[] = "generation 2 needs its own kernel: its system names no kernel";
    struct scene scene;
    need_namespace();
    begin_profile(&scene);
    scene.context->states[0].identity = "5ce0e000-0000-4000-8000-00000000000a";
    must_run("mount -t tmpfs sys /sys && mkdir -p " LOADER_FOLDER " && cd " LOADER_FOLDER " &&"
             "printf '\\7\\0\\0\\0\\10\\0\\0\\0\\0\\0\\0\\0' > LoaderFeatures" VENDOR);
    (void)choose(&scene, NULL);
    (void)record_of(&scene, 2, 0); /* as `ebb rollback 2` does */
    assert_order(&scene, refused, false);
    must_run("{ printf '\\7\\0\\0\\0'; printf 'nixos-generation-2.conf\\0' |"
             "iconv -t utf-16le; } > " LOADER_FOLDER "/LoaderEntries" VENDOR);
    assert_order(&scene, "cannot start another kernel", true);
    assert_int_equal(scene.context->states[0].fd, -1); /* nothing is mounted any more */
    scene.context->states[0].fd = open_folder("volume");
    must_run("rm " LOADER_FOLDER "/LoaderEntryOneShot" VENDOR);
    reboot_scene(&scene);
    assert_order(&scene, refused, false); /* it did not do it then */
    assert_false(scene.context->generation_is_asked);
    end(&scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_needed), TEST(test_payload),     TEST(test_told), TEST(test_init),
        TEST(test_trial),  TEST(test_choice_ends), TEST(test_order)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
