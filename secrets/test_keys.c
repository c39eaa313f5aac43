/* The keys that files of secrets are tried with: opened, made, unlocked by a person at a terminal,
 * and for how long. */
#include "base/testdata/scratch.h"
#include "base/testdata/terminal.h"

#include "plan/make.h"
#include "secrets/identity.h"
#include "secrets/keys.h"
#include "secrets/step.h"

static char *repository;

#define HEAD                                                                                       \
    "volume state LABEL=state { fs ext4; mount /persist }\ngenerations state:/generations\n"
#define LOCKED                                                                                     \
    HEAD "secrets state:/types.yaml {\n    key state:/keys/locked wait=20s\n    secret int\n}\n"   \
         "secrets state:/types.json { key state:/keys/locked; secret i }\n"

struct scene {
    struct arena *arena;
    struct config *config;
    struct context *context;
    struct terminal terminal;
    pid_t person;
};

/* A volume with files, a key that is locked, and a terminal. */
static void begin(struct scene *scene, const char *configuration)
{
    scene->arena = arena_new();
    struct report report = {.arena = scene->arena};
    must_run("umount -l /run/secrets.d /run 2>/dev/null; mount -t tmpfs run /run;"
             "mkdir -p state/keys root && cp %s/secrets/testdata/sops/types.* state &&"
             "cp %s/secrets/testdata/sops/passphrase.txt state/keys/locked && chmod 600 "
             "state/keys/*",
             repository, repository);
    put("ebb.conf", configuration);
    scene->config = config_load("ebb.conf", NULL, &report);
    config_check(scene->config, &report);
    for (size_t i = 0; i < report.count; i++)
        fail_msg("%s", report.problems[i].text);
    scene->context = context_new(scene->arena, scene->config, ".", "root");
    scene->context->root.fd = open_folder("root");
    scene->context->states[0].fd = open_folder("state");
    terminal_open(&scene->terminal);
    scene->context->terminal = scene->terminal.name;
}

static void end(struct scene *scene)
{
    keys_forget(scene->context);
    close(scene->context->root.fd);
    close(scene->context->states[0].fd);
    terminal_close(&scene->terminal);
    config_free(scene->config);
    arena_free(scene->arena);
}

/* Types once the question is there; what was typed before it is no answer. */
static void begin_to_type(struct scene *scene, const char *keys)
{
    scene->person = fork();
    if (scene->person != 0)
        return;
    char shown[4096] = "";
    for (size_t length = 0; !strstr(shown, "\"state:/keys/locked\": ");) {
        struct pollfd wait = {.fd = scene->terminal.person, .events = POLLIN};
        if (poll(&wait, 1, PATIENCE) <= 0)
            _exit(1);
        length = terminal_look(&scene->terminal, shown, length, sizeof(shown) - 1);
        shown[length] = '\0';
    }
    _exit(write(scene->terminal.person, keys, strlen(keys)) == (ssize_t)strlen(keys) ? 0 : 1);
}

static void stop_typing(const struct scene *scene)
{
    int status;
    assert_int_equal(waitpid(scene->person, &status, 0), scene->person);
    assert_int_equal(status, 0);
}

static int apply(struct scene *scene, size_t number, struct error *error)
{
    struct plan plan = {.arena = scene->arena};
    secrets_plan(scene->config, &plan);
    const struct step *step = &plan.steps[number];
    return step->kind == STEP_SECRETS ? secrets_apply(step, scene->context, error)
                                      : show_apply(step, scene->context, error);
}

static int waiting, waited;

static void count_waits(const struct context *context)
{
    waiting += context->is_waiting ? 1 : -1;
    waited++;
}

/* Asked once, whatever number of files it is the key of. */
static void test_passphrase(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct scene scene = {0};
    struct error error;
    need_namespace();
    begin(&scene, LOCKED);
    scene.context->waits = count_waits;
    begin_to_type(&scene, "wrong\rpassphrase\r");
    assert_int_equal(apply(&scene, 0, &error), 0);
    stop_typing(&scene);
    assert_non_null(scene.context->unlocked);
    assert_true(waiting == 0 && waited == 2);
    assert_int_equal(apply(&scene, 1, &error), 0);
    assert_int_equal(apply(&scene, 2, &error), 0);
    assert_null(scene.context->unlocked);
    must_run("test $(cat /run/secrets/int) = 42 && test -s /run/secrets/i");
    end(&scene);
}

static void test_wrong_passphrases(void **state)
{
    (void)state; /* as above */
    struct scene scene = {0};
    struct error error;
    need_namespace();
    begin(&scene, LOCKED);
    begin_to_type(&scene, "1\r2\r3\r");
    assert_int_equal(apply(&scene, 0, &error), 1);
    stop_typing(&scene);
    assert_non_null(strstr(error.text, "\"state:/keys/locked\" stays locked after 3 wrong"));
    assert_null(scene.context->unlocked);
    end(&scene);
}

static void test_nobody(void **state)
{
    (void)state; /* as above */
    struct scene scene = {0};
    struct error error;
    need_namespace();
    begin(&scene,
          HEAD "secrets state:/types.yaml { key state:/keys/locked wait=1s; secret int; }\n");
    assert_int_equal(apply(&scene, 0, &error), 1);
    assert_non_null(strstr(error.text, "because nobody gave its passphrase within 1 s"));
    scene.context->terminal = "/nowhere";
    assert_int_equal(apply(&scene, 0, &error), 1);
    assert_non_null(strstr(error.text, "because nobody can be asked for its passphrase"));
    end(&scene);
}

/* Nobody is asked if another key fits. */
static void test_needless(void **state)
{
    (void)state; /* as above */
    struct scene scene = {0};
    struct error error;
    need_namespace();
    begin(&scene, HEAD "secrets state:/types.yaml {\n    key state:/keys/locked\n    key "
                       "state:/keys/open\n    secret int\n}\n");
    must_run("cp %s/secrets/testdata/sops/key.txt state/keys/open && chmod 600 state/keys/open",
             repository);
    assert_int_equal(apply(&scene, 0, &error), 0);
    terminal_assert_shows(&scene.terminal, "");
    end(&scene);
}

/* A locked key that is damaged is not asked about thrice. */
static void test_damaged(void **state)
{
    (void)state; /* as above */
    struct scene scene = {0};
    struct error error;
    need_namespace();
    begin(&scene, LOCKED);
    must_run("sed -i '3s/^..../AAAA/' state/keys/locked");
    begin_to_type(&scene, "passphrase\r");
    assert_int_equal(apply(&scene, 0, &error), 1);
    stop_typing(&scene);
    assert_non_null(strstr(error.text, "the key \"state:/keys/locked\" cannot be unlocked: "));
    end(&scene);
}

/* What is made is a key that opens what is encrypted to the recipient that is shown; once. */
static void test_generated(void **state)
{
    (void)state; /* as above */
    struct scene scene = {0};
    struct error error;
    need_namespace();
    begin(&scene,
          HEAD "secrets state:/types.yaml { key state:/new/key generate=yes; secret int; }\n");
    log_begin();
    assert_int_equal(apply(&scene, 0, &error), 1);
    auto_string log = log_end();
    assert_non_null(strstr(error.text, "; add \"age1"));
    must_run("test $(stat -c %%a:%%u state/new/key) = 600:0 && cp state/new/key before");
    auto_string text = NULL;
    auto_identities identities = {0};
    size_t length;
    assert_int_equal(path_read(AT_FDCWD, "state/new/key", 4096, &text, &length, &error), 0);
    const struct secret secret = {(unsigned char *)text, length};
    assert_int_equal(identities_read(&identities, "it", &secret, &error), 0);
    assert_int_equal(identities.count, 1);
    auto_string recipient = identity_recipient(&identities.items[0]);
    assert_non_null(strstr(log, recipient));
    assert_non_null(strstr(text, recipient));
    assert_int_equal(apply(&scene, 0, &error), 1);
    must_run("cmp state/new/key before");
    end(&scene);
}

/* Where it cannot be made, that is told, and no half of one is left. */
static void test_not_generated(void **state)
{
    (void)state; /* as above */
    struct scene scene = {0};
    struct error error;
    need_namespace();
    begin(&scene,
          HEAD "secrets state:/types.yaml { key state:/new/key generate=yes; secret int; }\n");
    must_run("mkdir state/new && mount -t tmpfs -o ro none state/new");
    assert_int_equal(apply(&scene, 0, &error), 1);
    assert_non_null(strstr(error.text, "cannot make the key \"state:/new/key\""));
    must_run("test -z \"$(ls state/new)\" && umount state/new");
    end(&scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_passphrase),    TEST(test_wrong_passphrases), TEST(test_nobody),
        TEST(test_needless),      TEST(test_damaged),           TEST(test_generated),
        TEST(test_not_generated),
    };
    repository = realpath(".", NULL);
    int failed = cmocka_run_group_tests(tests, enter_namespace, NULL);
    free(repository);
    return failed;
}
