#include "mounts/testing.h"

#include "base/testdata/terminal.h"

#include "mounts/luks.h"
#include "mounts/passphrase.h"

static void plug_in_container(const char *name)
{
    plug_in_made(name, "truncate -s 20M image && printf key > key && cryptsetup luksFormat -q "
                       "--pbkdf pbkdf2 --pbkdf-force-iterations 1000 --label one image key");
}

static struct watch *begin_watch(struct world *world, const char *text)
{
    begin_world(world, text);
    (void)watch_events(world->context);
    return world->context->watch;
}

/* A try on volume number `number` that has ended with `code`; one without end if that is -1. */
static void put_attempt(struct watch *watch, size_t number, bool is_key, int code)
{
    struct attempt *attempt = &watch->volumes[number].attempt;
    struct error error = {.code = code};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    snprintf(error.text, sizeof(error.text), code ? "what the child says" : "%s", "");
    attempt->child = fork();
    if (attempt->child == 0) {
        close(ends[0]);
        if (code < 0)
            pause(); /* until it is killed */
        _exit(write(ends[1], &error, sizeof(error)) != sizeof(error));
    }
    close(ends[1]);
    attempt->report = ends[0];
    attempt->is_key = is_key;
    struct pollfd ended = {.fd = attempt->report, .events = POLLIN};
    if (code >= 0)
        assert_int_equal(poll(&ended, 1, PATIENCE), 1);
}

static void drop_attempt(struct watch *watch, size_t number)
{
    kill(watch->volumes[number].attempt.child, SIGKILL);
    waitpid(watch->volumes[number].attempt.child, NULL, 0);
    close(watch->volumes[number].attempt.report);
    watch->volumes[number].attempt.child = 0;
}

#define TWO "volume one LABEL=a { luks; fs ext4 }\nvolume two LABEL=b { luks; fs ext4 }\n"

/* What comes of each end of a try. */
static void test_results(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        bool is_key, company;
        int code;
        enum volume_stage stage;
        unsigned tried;
        bool key_failed, one_by_one;
        int error;
        const char *log;
    } cases[] = {
        {true, false, 0, VOLUME_OPEN, 0, false, false, 0,
         "ebb: unlocked the volume \"one\" with its key\n"},
        {false, false, 0, VOLUME_OPEN, 0, false, false, 0,
         "ebb: unlocked the volume \"one\" with a passphrase\n"},
        {true, false, EPERM, VOLUME_FOUND, 0, true, false, 0,
         "ebb: what the child says; a person is asked instead\n"},
        {true, false, ENOENT, VOLUME_FOUND, 0, true, false, 0,
         "ebb: what the child says; a person is asked instead\n"},
        {false, false, EPERM, VOLUME_FOUND, 1, false, false, 0, "ebb: what the child says\n"},
        {false, false, EIO, VOLUME_FOUND, 0, false, false, EIO, ""},
        {false, false, ENOMEM, VOLUME_FOUND, 0, false, false, ENOMEM, ""},
        {false, true, ENOMEM, VOLUME_FOUND, 0, false, true, 0,
         "ebb: what the child says; trying one container after the other\n"},
        {true, true, ENOMEM, VOLUME_FOUND, 0, false, true, 0,
         "ebb: what the child says; trying one container after the other\n"},
        {true, true, EPERM, VOLUME_FOUND, 0, true, false, 0,
         "ebb: what the child says; a person is asked instead\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        struct watch *watch = begin_watch(&world, TWO);
        struct progress *progress = &watch->volumes[0];
        progress->stage = VOLUME_FOUND;
        put_attempt(watch, 0, cases[i].is_key, cases[i].code);
        if (cases[i].company)
            put_attempt(watch, 1, false, -1);
        log_begin();
        luks_advance(watch, world.config->volumes[0]);
        auto_string log = log_end();
        if (strcmp(log, cases[i].log) != 0 || progress->stage != cases[i].stage ||
            progress->tried != cases[i].tried || progress->key_failed != cases[i].key_failed ||
            watch->one_by_one != cases[i].one_by_one || progress->error.code != cases[i].error)
            fail_msg("case %zu: %s", i, log);
        assert_int_equal(progress->attempt.child, 0);
        assert_string_equal(world.context->states[0].device,
                            cases[i].stage == VOLUME_OPEN ? "/dev/mapper/one" : "");
        if (cases[i].company)
            drop_attempt(watch, 1);
        end_world(&world);
    }
}

/* A try that goes on is left alone, and where memory is short it is the only one. */
static void test_one_by_one(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct watch *watch =
        begin_watch(&world, "volume one LABEL=a { luks keyfile=/nonesuch; fs ext4 "
                            "}\nvolume two LABEL=b { luks; fs ext4 }\n");
    struct progress *progress = &watch->volumes[0];
    progress->stage = watch->volumes[1].stage = VOLUME_FOUND;
    watch->one_by_one = true;
    put_attempt(watch, 1, false, -1);
    luks_advance(watch, world.config->volumes[0]);
    assert_int_equal(progress->attempt.child, 0);
    luks_advance(watch, world.config->volumes[1]);
    assert_true(watch->volumes[1].attempt.child > 0);
    drop_attempt(watch, 1);
    luks_advance(watch, world.config->volumes[0]);
    assert_true(progress->attempt.child > 0);
    assert_true(progress->attempt.is_key);
    struct pollfd ended = {.fd = progress->attempt.report, .events = POLLIN};
    assert_int_equal(poll(&ended, 1, PATIENCE), 1);
    log_begin();
    luks_advance(watch, world.config->volumes[0]);
    auto_string log = log_end();
    assert_string_equal(log,
                        "ebb: cannot open \"/nonesuch\": No such file or directory; a person is "
                        "asked instead\n");
    assert_true(progress->key_failed);
    luks_advance(watch, world.config->volumes[0]);
    assert_int_equal(progress->attempt.child, 0); /* it is not tried for ever */
    end_world(&world);
}

/* A key on a stick is tried when the stick comes, a header must be there first. */
static void test_at_hand(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct watch *watch =
        begin_watch(&world, "volume one LABEL=a { luks keyfile=keys:/k; fs ext4 }\n"
                            "volume keys LABEL=keys { fs vfat }\n"
                            "volume two /dev/sdb { luks header=keys:/h; fs ext4 "
                            "}\n");
    for (size_t i = 0; i < 3; i += 2) {
        watch->volumes[i].stage = VOLUME_FOUND;
        luks_advance(watch, world.config->volumes[i]);
        assert_int_equal(watch->volumes[i].attempt.child, 0);
    }
    assert_true(luks_is_readable(watch, world.config->volumes[0]));
    assert_false(luks_is_readable(watch, world.config->volumes[2]));
    watch->volumes[1].stage = VOLUME_WHOLE;
    strcpy(watch->volumes[1].device, "/dev/sdk");
    luks_advance(watch, world.config->volumes[0]);
    assert_true(watch->volumes[0].attempt.child > 0);
    drop_attempt(watch, 0);
    assert_true(luks_is_readable(watch, world.config->volumes[2]));
    luks_advance(watch, world.config->volumes[2]);
    assert_int_equal(watch->volumes[2].attempt.child, 0); /* nothing was typed yet */
    end_world(&world);
}

/* Nobody is there to be asked. */
static void test_overdue(void **state)
{
    (void)state;
    need_namespace();
    need_tool("cryptsetup");
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"volume one LABEL=one wait=1ms { luks; fs ext4 }\n",
         "the volume \"one\" on /dev/sda cannot be unlocked: no key is declared, and there is no "
         "console to ask for a passphrase on"},
        {"volume one LABEL=one wait=1ms { luks keyfile=/nonesuch; fs ext4 }\n",
         "the volume \"one\" on /dev/sda cannot be unlocked: its key does not open it, and there "
         "is no "
         "console to ask for a passphrase on"},
        {"volume one LABEL=one wait=1ms { luks keyfile=keys:/k; fs ext4 }\n"
         "volume keys LABEL=keys { fs vfat }\n",
         "the volume \"one\" on /dev/sda cannot be unlocked: its key did not appear, and there is "
         "no "
         "console to ask for a passphrase on"},
        {"volume one /dev/sda wait=1ms { luks header=keys:/h; fs ext4 }\n"
         "volume keys LABEL=keys { fs vfat }\n",
         "the volume \"one\" on /dev/sda cannot be unlocked: its header is on the volume \"keys\", "
         "which did not appear within 1 ms; attach it"},
    };
    plug_in_container("sda");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        struct error error = {0};
        begin_world(&world, cases[i].text);
        struct plan plan = {.arena = world.report.arena};
        unlocks_plan(world.config, &plan);
        assert_int_equal(plan.count, 1);
        log_begin();
        int code = unlock_apply(&plan.steps[0], world.context, &error);
        free(log_end());
        assert_outcome(cases[i].text, code, &error, cases[i].message);
        end_world(&world);
    }
}

/* The whole way, up to the device mapper, which is not there. */
static void test_apply(void **state)
{
    (void)state;
    need_namespace();
    need_tool("cryptsetup");
    struct world world;
    struct error error = {0};
    struct terminal terminal;
    terminal_open(&terminal);
    must_run("mkdir -p /sys/class/tty/console && echo ebb0 > /sys/class/tty/console/active && "
             "ln -s %s /dev/ebb0",
             terminal.name);
    plug_in_container("sda");
    begin_world(&world, "volume one LABEL=one { luks; fs ext4 }\n");
    struct plan plan = {.arena = world.report.arena};
    unlocks_plan(world.config, &plan);
    pid_t person = fork();
    if (person == 0) {
        terminal_assert_shows(&terminal, "passphrase for the volume \"one\" (/dev/sda): ");
        terminal_type(&terminal, "key\r");
        _exit(0);
    }
    log_begin();
    int code = unlock_apply(&plan.steps[0], world.context, &error);
    free(log_end());
    assert_int_equal(code, -ENOTSUP);
    assert_contains(error.text, "the volume \"one\" on /dev/sda cannot be unlocked: the kernel ");
    waitpid(person, NULL, 0);
    terminal_assert_restored(&terminal); /* the rescue screen wants the console */
    end_world(&world);
    terminal_close(&terminal);
}

static void test_plan(void **state)
{
    (void)state;
    struct world world;
    begin_world(&world, "volume a LABEL=a { luks; fs ext4 }\nvolume keys LABEL=keys { fs vfat }\n"
                        "volume b LABEL=b { luks keyfile=/etc/key; fs ext4 }\n"
                        "volume c /dev/sdc { luks keyfile=keys:/k header=keys:/h; fs ext4 }\n"
                        "volume d /dev/sdd { luks header=/etc/header; fs ext4 }\n");
    static const char *const sentences[] = {
        "unlock the volume \"a\" with a passphrase",
        "unlock the volume \"b\" with /etc/key or a passphrase",
        "unlock the volume \"c\" with keys:/k or a passphrase, header keys:/h",
        "unlock the volume \"d\" with a passphrase, header /etc/header",
    };
    struct plan plan = {.arena = world.report.arena};
    unlocks_plan(world.config, &plan);
    assert_int_equal(plan.count, ARRAY_LENGTH(sentences));
    for (size_t i = 0; i < plan.count; i++) {
        char sentence[200] = "";
        auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
        unlock_sentence(&plan.steps[i], stream);
        fflush(stream);
        assert_string_equal(sentence, sentences[i]);
        assert_int_equal(plan.steps[i].kind, STEP_UNLOCK);
    }
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_results), ON_MACHINE(test_one_by_one), ON_MACHINE(test_at_hand),
        ON_MACHINE(test_overdue), ON_MACHINE(test_apply),      ON_MACHINE(test_plan),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
