/* prepare-root is run in the new root, with the kernel's file systems in it, and only then. */
#include "base/testdata/scratch.h"

#include "mounts/prepare.h"
#include "plan/kinds.h"

#define REMEDY                                                                                     \
    "; boot another generation with ebb.generation=, or write enter=init in `generations`"

static void test_plan(void **state)
{
    (void)state;
    static const struct {
        int kind, enter;
        const char *own, *given, *sentence;
    } cases[] = {
        {STORE_EBB, ENTER_AUTO, "/a/init", NULL, NULL},
        {STORE_NIX, ENTER_INIT, "/a/init", NULL, NULL},
        {STORE_NIX, ENTER_AUTO, "/a/init", NULL,
         "prepare the new root as the prepare-root beside /a/init does, if there is one"},
        {STORE_NIX, ENTER_AUTO, "/a/init", "/b/init",
         "prepare the new root as the prepare-root beside /b/init does, if there is one"},
        {STORE_NIX, ENTER_PREPARE_ROOT, NULL, NULL,
         "prepare the new root as the prepare-root beside the init of the generation does"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        const struct config config = {
            .generations = {.kind = cases[i].kind, .enter = cases[i].enter}};
        const struct generation generation = {.number = 3, .init = cases[i].own};
        struct plan plan = {.arena = arena};
        prepare_plan(&config, &generation, cases[i].given, &plan);
        assert_int_equal(plan.count, cases[i].sentence != NULL);
        if (plan.count)
            assert_string_equal(step_sentence(arena, plan.steps), cases[i].sentence);
    }
}

/* `script` is prepare-root in the new root, which has a shell; NULL: there is none. */
static int prepare(const char *script, bool must, struct error *error)
{
    const struct generation generation = {.number = 3, .init = "/nix/store/a/init"};
    const struct step step = {.init = generation.init, .generation = &generation, .is_asked = must};
    auto_arena arena = arena_new();
    must_run("rm -rf root && mkdir -p root/nix/store/a root/bin && cp /bin/busybox root/bin &&"
             "for i in sh cat echo test mkdir; do ln -s busybox root/bin/$i; done");
    if (script) {
        put("root/nix/store/a/prepare-root", script);
        must_run("chmod 755 root/nix/store/a/prepare-root");
    }
    auto_fd root = open_folder("root");
    struct context context = {.arena = arena, .root = {root, "root"}};
    return prepare_apply(&step, &context, error);
}

/* What a boot has, and a container may not. */
static void need_system(void)
{
    need_namespace();
    need_tool("busybox");
    must_run("mount -t tmpfs run /run");
}

static void test_apply(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *script;
        bool must;
        const char *message;
    } cases[] = {
        {NULL, false, NULL},
        {NULL, true, "generation 3 has no prepare-root beside \"/nix/store/a/init\"" REMEDY},
        {"#!/bin/sh\ntest -d /proc/1 && test -c /dev/null && test -d /sys/class &&"
         "test $IN_NIXOS_SYSTEMD_STAGE1 = true && test ! -e /nix/../root && echo x > /made\n",
         true, NULL},
        {"#!/bin/sh\necho it is broken\nexit 5\n", false,
         "\"/nix/store/a/prepare-root\" of generation 3 failed with exit status 5, and its last "
         "words are \"it is broken\"" REMEDY},
        {"#!/bin/sh\nkill -9 $$\n", false,
         "\"/nix/store/a/prepare-root\" of generation 3 failed with signal 9, and its last words "
         "are \"\"" REMEDY},
    };
    need_system();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        int code = prepare(cases[i].script, cases[i].must, &error);
        assert_outcome(cases[i].script ? cases[i].script : "none", code, &error, cases[i].message);
        must_run("! grep -q \" $PWD/root\" /proc/mounts"); /* all was taken back */
        if (cases[i].script && !cases[i].message)
            must_run("test x = $(cat root/made)");
    }
}

/* Such as /run/keys, which services read. */
static void test_mounts_stay(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    need_system();
    int code = prepare("#!/bin/sh\nmkdir /run/keys && busybox mount -t tmpfs keys /run/keys &&"
                       "echo x > /run/keys/x\n",
                       true, &error);
    assert_outcome("keys", code, &error, NULL);
    must_run("test x = $(cat /run/keys/x) && ! grep -q \" $PWD/root\" /proc/mounts");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plan),
        TEST(test_apply),
        TEST(test_mounts_stay),
    };
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
