#include "base/testdata/scratch.h"

#include "persist/entry.h"
#include "persist/machine_id.h"

#define KEPT "0123456789abcdef0123456789abcdef"

/* Boots once with `scene` set beside the volume and the new root. */
static int boot(const char *scene, char **log, struct error *error)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    must_run("mkdir -p state root && %s", scene);
    put("ebb.conf", "volume state LABEL=state { fs ext4 }\npersist state:/persist {\n"
                    "file /etc/machine-id\ndir /etc/machine-id.d\nfile /other/etc/machine-id\n}\n");
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_int_equal(report.count, 0);
    struct plan plan = {.arena = arena};
    persist_plan(config, &plan);
    assert_int_equal(plan.steps[0].kind, STEP_MACHINE_ID);
    assert_int_equal(plan.steps[1].kind, STEP_BIND);
    assert_int_equal(plan.steps[2].kind, STEP_BIND);
    struct context *context = context_new(arena, config, ".", "root");
    auto_fd root = open_folder("root"), volume = open_folder("state");
    context->root.fd = root;
    context->states[0].fd = volume;
    log_begin();
    int code = machine_id_apply(&plan.steps[0], context, error);
    *log = log_end();
    return code;
}

/* Both files, the same, real, and what systemd calls valid. */
static void assert_made(void)
{
    must_run("cmp state/persist/etc/machine-id root/etc/machine-id &&"
             "grep -Eqx '[0-9a-f]{32}' root/etc/machine-id && test $(wc -c < root/etc/machine-id) "
             "= 33 &&! grep -qx '0*' root/etc/machine-id && test ! -L root/etc/machine-id &&"
             "test $(stat -c %%a root/etc/machine-id state/persist/etc/machine-id | tr '\\n' ,) = "
             "444,444,");
}

static void test_first(void **state)
{
    (void)state;
    static const struct {
        const char *scene;
        bool warns;
    } cases[] = {
        {"true", false},
        {"mkdir -p state/persist/etc && : > state/persist/etc/machine-id", false},
        {"mkdir -p state/persist/etc && echo uninitialized > state/persist/etc/machine-id", false},
        {"mkdir -p state/persist/etc && echo " KEPT "0 > state/persist/etc/machine-id", true},
        {"mkdir -p state/persist/etc && printf '%032d\\n' 0 > state/persist/etc/machine-id", true},
        {"mkdir -p root/etc && echo generation > root/etc/machine-id", false},
        {"mkdir -p root/etc && : > target && ln -s ../../target root/etc/machine-id", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        must_run("rm -rf state root target");
        char *log = NULL;
        assert_outcome(cases[i].scene, boot(cases[i].scene, &log, &error), &error, NULL);
        auto_string said = log;
        assert_string_equal(said, cases[i].warns
                                      ? "ebb: \"state:/persist/etc/machine-id\" is no machine "
                                        "id; it is kept as \"machine-id.bad\", and a new one "
                                        "is made\n"
                                      : "");
        assert_made();
        must_run("test ! -s target");
        must_run("%s", cases[i].warns ? "test -s state/persist/etc/machine-id.bad"
                                      : "test ! -e state/persist/etc/machine-id.bad");
    }
}

/* Forms of an id that systemd reads, too. */
static void test_forms(void **state)
{
    (void)state;
    static const char *const forms[] = {"printf 0123456789abcdef0123456789abcdef",
                                        "echo 0123456789ABCDEF0123456789abcdef"};
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        struct error error = {0};
        char *log = NULL;
        must_run("rm -rf state root && mkdir -p state/persist/etc");
        must_run("%s > state/persist/etc/machine-id && cp state/persist/etc/machine-id before",
                 forms[i]);
        assert_outcome(forms[i], boot("true", &log, &error), &error, NULL);
        free(log);
        assert_content("root/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        must_run("cmp state/persist/etc/machine-id before");
    }
}

static void test_later(void **state)
{
    (void)state;
    struct error error = {0};
    char *log = NULL;
    must_run("mkdir -p state/persist/etc && echo " KEPT " > state/persist/etc/machine-id");
    must_run("chmod 600 state/persist/etc/machine-id && touch -d 2001-01-01 "
             "state/persist/etc/machine-id");
    assert_outcome("later", boot("true", &log, &error), &error, NULL);
    free(TAKE_PTR(log));
    assert_content("root/etc/machine-id", KEPT "\n");
    must_run(
        "test $(stat -c %%a:%%Y state/persist/etc/machine-id) = 600:$(date -d 2001-01-01 +%%s)");
    must_run("rm -rf state root");
    assert_outcome("first", boot("true", &log, &error), &error, NULL);
    free(TAKE_PTR(log));
    must_run("cp root/etc/machine-id before && rm -r root");
    assert_outcome("second", boot("true", &log, &error), &error, NULL);
    free(TAKE_PTR(log));
    must_run("cmp root/etc/machine-id before");
}

static void test_in_the_way(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *message;
    } cases[] = {
        {"mkdir -p state/persist/etc && ln -s ../../../outside state/persist/etc/machine-id",
         "cannot open \"state:/persist/etc/machine-id\": Too many levels of symbolic links"},
        {"mkdir -p state/persist/etc/machine-id",
         "cannot read \"/persist/etc/machine-id\": Is a directory"},
        {"mkdir state/persist && ln -s ../.. state/persist/etc",
         "on the volume \"state\": \"/persist/etc/machine-id\" leads through the symbolic link "
         "\"etc\"; replace the link, "
         "or name the folder itself"},
        {"ln -s .. root/etc",
         "in the new root: \"/etc/machine-id\" leads through the symbolic link \"etc\"; "
         "replace the link, or name the "
         "folder itself"},
        {"mkdir -p root/etc/machine-id",
         "in the new root: cannot write \"machine-id\": Is a directory"},
    };
    must_run("echo outside > outside");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        char *log = NULL;
        must_run("rm -rf state root");
        int code = boot(cases[i].scene, &log, &error);
        free(log);
        assert_outcome(cases[i].scene, code, &error, cases[i].message);
        assert_content("outside", "outside\n");
        must_run("test ! -e machine-id");
    }
    struct error error = {0};
    char *log = NULL;
    must_run("rm -rf state root"); /* nobody waits for somebody to write into it */
    assert_outcome(
        "pipe",
        boot("mkdir -p state/persist/etc && mkfifo state/persist/etc/machine-id", &log, &error),
        &error, NULL);
    free(log);
    assert_made();
}

static void test_sentence(void **state)
{
    (void)state;
    char sentence[200] = "";
    struct place store = {.volume_name = "state", .path = "/persist"};
    struct persist_entry entry = {.kind = PERSIST_FILE,
                                  .store = &store,
                                  .target = "/etc/machine-id",
                                  .source = "/persist/etc/machine-id"};
    struct step step = {.kind = STEP_MACHINE_ID, .entry = &entry};
    auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
    machine_id_sentence(&step, stream);
    fflush(stream);
    assert_string_equal(sentence, "copy state:/persist/etc/machine-id to /etc/machine-id");
    assert_true(machine_id_is(&entry));
    entry.kind = PERSIST_DIR;
    assert_false(machine_id_is(&entry));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first),      TEST(test_forms),    TEST(test_later),
        TEST(test_in_the_way), TEST(test_sentence),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
