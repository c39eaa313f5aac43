/* The health checks over a root of scratch, and what a confirmation makes of them. */
#include "tool/testing.h"

#include "tool/boots.h"
#include "tool/health.h"

#define CHECKS "root/etc/ebb/health.d"

/* A check; a script of two lines has no more to say. */
static void put_check(const char *name, const char *script)
{
    char path[256];
    snprintf(path, sizeof(path), CHECKS "/%s", name);
    must_run("mkdir -p " CHECKS "/required " CHECKS "/wanted");
    put(path, "#!/bin/sh\n");
    must_run("printf '%%s\\n' '%s' >> '%s' && chmod 755 '%s'", script, path, path);
}

/* What was logged, for free(3). */
static char *run(struct arena *arena, unsigned timeout, struct health *health)
{
    char here[256];
    struct error error;
    const struct health_wish wish = {.generation = 7, .timeout = timeout};
    auto_fd fd = open_folder("root");
    assert_non_null(getcwd(here, sizeof(here)));
    log_begin();
    int code = health_run(arena, (struct target){fd, arena_printf(arena, "%s/root", here)}, &wish,
                          health, &error);
    char *log = log_end();
    assert_outcome("run", code, &error, NULL);
    return log;
}

static void test_order(void **state)
{
    (void)state; /* the scratch folder is the current one */
    auto_arena arena = arena_new();
    struct health health;
    put_check("wanted/05-w", "echo no; exit 3");
    put_check("required/20-b.sh", "echo $EBB_GENERATION");
    put_check("required/10-a", "cat; test $EBB_BOOT_ID = $(cat /proc/sys/kernel/random/boot_id)");
    must_run("cd " CHECKS "/required && for name in .hidden b~ b.dpkg-old b.rpmsave; do "
             "printf '#!/bin/sh\\nexit 1\\n' > $name && chmod 755 $name || exit 1; done");
    auto_string log = run(arena, 600000, &health);
    assert_string_equal(log, "ebb: 20-b.sh: 7\nebb: 05-w: no\n");
    assert_int_equal(health.count, 3);
    assert_string_equal(health.checks[0].name, "10-a");
    assert_string_equal(health.checks[1].name, "20-b.sh");
    assert_null(health.checks[0].fault);
    assert_null(health.checks[1].fault);
    assert_false(health.checks[2].required);
    assert_string_equal(health.checks[2].fault,
                        "the wanted check \"05-w\" failed with status 3: no");
    assert_null(health.fault); /* it was only wanted */
}

static void test_faults(void **state)
{
    (void)state; /* as above */
    static const struct {
        const char *name, *script, *scene, *fault;
    } cases[] = {
        {"a", "echo one; echo two >&2; exit 1", "true",
         "the required check \"a\" failed with status 1: two"},
        {"a", "kill -9 $$", "true", "the required check \"a\" was ended by signal 9 (Killed)"},
        {"a@200ms", "sleep 100000", "true",
         "the required check \"a@200ms\" was not done after 200 ms"},
        {"a@0s", "", "true",
         "the required check \"a@0s\" is not run: it has no time at all; give it some"},
        {"a@soon", "", "true",
         "the required check \"a@soon\" is not run: the time in its name is not a duration; write "
         "a number and ms, s, min, h or d, such as 30s"},
        {"a", "", "chmod 644 a",
         "the required check \"a\" is not run: it cannot be executed; chmod +x it, or take it "
         "away"},
        {"a", "", "chmod 775 a",
         "the required check \"a\" is not run: others can write to it; chmod go-w it"},
        {"a", "", "chmod 757 a",
         "the required check \"a\" is not run: others can write to it; chmod go-w it"},
        {"a", "", "ln -sf nonesuch a",
         "the required check \"a\" is not run: No such file or directory"},
        {"a", "", "mv a ../a && chmod g+w ../a && ln -s ../a a",
         "the required check \"a\" is not run: others can write to it; chmod go-w it"},
        {"a", "", "rm a && mkdir a",
         "the required check \"a\" is not run: it is no file; take it away"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        struct health health;
        char name[64];
        must_run("rm -rf root");
        snprintf(name, sizeof(name), "required/%s", cases[i].name);
        put_check(name, cases[i].script);
        put_check("required/b", "exit 9"); /* the first one is told */
        must_run("cd " CHECKS "/required && %s", cases[i].scene);
        auto_string log = run(arena, 600000, &health);
        assert_int_equal(health.count, 2);
        assert_string_equal(health.fault, cases[i].fault);
        assert_ptr_equal(health.fault, health.checks[0].fault);
    }
}

static void test_owner(void **state)
{
    (void)state; /* as above */
    auto_arena arena = arena_new();
    struct health health;
    need_namespace();
    if (!has_users)
        skip_because("only root has other users");
    put_check("wanted/a", "exit 0");
    must_run("chown 1 " CHECKS "/wanted/a");
    auto_string log = run(arena, 600000, &health);
    assert_string_equal(health.checks[0].fault,
                        "the wanted check \"a\" is not run: it belongs to somebody else than root; "
                        "chown root it");
}

/* Who can add or take away a check decides, too. */
static void test_folders(void **state)
{
    (void)state; /* as above */
    auto_arena arena = arena_new();
    struct health health;
    struct error error;
    const struct health_wish wish = {.timeout = 600000};
    must_run("mkdir root");
    auto_string log = run(arena, 600000, &health); /* there are none */
    assert_int_equal(health.count, 0);
    assert_null(health.fault);
    put_check("required/a", "exit 0");
    static const char *const cases[][2] = {
        {"/required", "the health checks in \"/etc/ebb/health.d/required\" are not run: others can "
                      "write to it; chmod go-w it"},
        {"", "the health checks in \"/etc/ebb/health.d\" are not run: others can write to it; "
             "chmod go-w it"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_fd fd = open_folder("root");
        must_run("chmod 777 " CHECKS "%s", cases[i][0]);
        assert_int_equal(health_run(arena, (struct target){fd, "root"}, &wish, &health, &error),
                         -EPERM);
        assert_string_equal(error.text, cases[i][1]);
        must_run("chmod 755 " CHECKS "%s", cases[i][0]);
    }
}

static void test_print(void **state)
{
    (void)state; /* as above */
    auto_arena arena = arena_new();
    struct health_check checks[] = {{.name = "a", .required = true},
                                    {.name = "b\033", .fault = "it failed"}};
    const struct health health = {.checks = checks, .count = 2}, none = {0};
    static const struct {
        bool some, json;
        const char *text;
    } cases[] = {
        {true, false, "passed  required  a\nfailed  wanted    b\\033\n"},
        {true, true,
         "{\"format\":1,\"good\":true,\"checks\":[{\"name\":\"a\",\"required\":true,\"result\":"
         "\"passed\"},{\"name\":\"b\\u001b\",\"required\":false,\"result\":\"failed\",\"error\":"
         "\"it failed\"}]}\n"},
        {false, false, "there are no health checks in /etc/ebb/health.d\n"},
        {false, true, "{\"format\":1,\"good\":true,\"checks\":[]}\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_string text = NULL;
        FILE *out = output_begin(&text);
        health_print(arena, cases[i].some ? &health : &none, cases[i].json, out);
        fclose(out);
        assert_text("print", text, cases[i].text);
    }
}

/* What keeps a boot from being confirmed stands in the record until it is. */
static void test_confirm(void **state)
{
    (void)state; /* no files */
    struct record record = {0};
    struct error error;
    assert_false(confirm_refuse(&record, 3, "it failed"));
    struct record_attempt *attempt = record_add(&record, 3);
    attempt->stage = RECORD_LEFT;
    assert_true(confirm_refuse(&record, 3, "the one before it"));
    assert_true(confirm_refuse(&record, 3, "it failed"));
    assert_string_equal(attempt->text, "it failed");
    assert_int_equal(attempt->stage, RECORD_LEFT);
    assert_int_equal(confirm_mark(&record, 3, &error), 0);
    assert_string_equal(attempt->text, "");
    assert_int_equal(attempt->stage, RECORD_GOOD);
    assert_int_equal(record.last_good, 3);
    assert_false(confirm_refuse(&record, 3, "too late"));
    assert_string_equal(attempt->text, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order),   TEST(test_faults), TEST(test_owner),
        TEST(test_folders), TEST(test_print),  TEST(test_confirm),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
