#include "base/testdata/scratch.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "hooks/run.h"

/* Runs the hook that ebb.conf declares with `words`, and gives what was logged, for free(3). `hook`
 * is the text of the program that "@" in the words stands for. */
static char *run_hook(const char *words, const char *hook, int *code, struct error *error)
{
    char text[1000];
    auto_string here = getcwd(NULL, 0);
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    const char *at = strchr(words, '@');
    assert_non_null(at);
    snprintf(text, sizeof(text), "hook %.*s\"%s/hook\"%s\n", (int)(at - words), words, here,
             at + 1);
    put("ebb.conf", text);
    if (hook) {
        put("hook", hook);
        must_run("chmod 755 hook");
    }
    auto_config config = config_load("ebb.conf", NULL, &report);
    for (size_t i = 0; i < report.count; i++)
        fail_msg("%s", report.problems[i].text);
    struct plan plan = {.arena = arena};
    hooks_plan(config, (enum hook_point)config->hooks[0]->point, &plan);
    assert_int_equal(plan.count, 1);
    struct generation generation = {.number = 12};
    struct context *context = context_new(arena, config, "volumes", "/new root");
    context->generation = strncmp(words, "after-volumes", 13) == 0 ? NULL : &generation;
    log_begin();
    *code = hook_apply(&plan.steps[0], context, error);
    return log_end();
}

/* `text` with each "@" replaced by the path of the hook, for free(3). */
static char *with_path(const char *text)
{
    auto_string here = getcwd(NULL, 0);
    char *result = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&result, &length);
    assert_non_null(stream);
    for (; *text; text++) {
        if (*text == '@')
            fprintf(stream, "%s/hook", here);
        else
            fputc(*text, stream);
    }
    fclose(stream);
    return result;
}

/* In these texts "@" is the path of the hook. */
static void test_results(void **state)
{
    (void)state;
    static const struct {
        const char *words, *hook, *message, *log;
    } cases[] = {
        {"after-root @", "#!/bin/sh\nexit 0\n", NULL, ""},
        {"after-root @", "#!/bin/sh\nexit 3\n",
         "the hook \"@\" failed with exit status 3; its words are in the log above", ""},
        {"after-root @", "#!/bin/sh\necho one; echo two >&2; echo; printf three; exit 255\n",
         "the hook \"@\" failed with exit status 255; its words are in the log above",
         "ebb: @: one\nebb: @: two\nebb: @: \nebb: @: three\n"},
        {"after-root @", "#!/bin/sh\nkill -9 $$\n", "the hook \"@\" was ended by signal 9 (Killed)",
         ""},
        {"after-root @ failure=warn", "#!/bin/sh\nexit 0\n", NULL, ""},
        {"after-root @ failure=warn", "#!/bin/sh\nexit 3\n",
         "the hook \"@\" failed with exit status 3; its words are in the log above", ""},
        {"after-root @ failure=degrade", "#!/bin/sh\nexit 3\n",
         "the hook \"@\" failed with exit status 3; its words are in the log above", ""},
        {"after-root @ failure=fail", "#!/bin/sh\nexit 3\n",
         "the hook \"@\" failed with exit status 3; its words are in the log above", ""},
        {"after-root @", NULL, /* missing */
         "the hook \"@\" failed with exit status 127; its words are in the log above",
         "ebb: @: cannot be executed: No such file or directory\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        int code;
        must_run("rm -f hook");
        auto_string log = run_hook(cases[i].words, cases[i].hook, &code, &error);
        auto_string expected = with_path(cases[i].log);
        auto_string message = cases[i].message ? with_path(cases[i].message) : NULL;
        if (message && (strstr(cases[i].words, "=warn") || strstr(cases[i].words, "=degrade"))) {
            assert_int_equal(code, 1); /* it is said, and the boot goes on */
            code = -error.code;
        }
        assert_outcome(cases[i].hook ? cases[i].hook : "missing", code, &error, message);
        assert_string_equal(log, expected);
    }
}

/* All of its world: env(1) itself is the hook. */
static void test_environment(void **state)
{
    (void)state;
    static const struct {
        const char *words, *environment;
    } cases[] = {
        {"before-switch @",
         "EBB_ROOT=/new root|EBB_VOLUMES=volumes|EBB_POINT=before-switch|EBB_GENERATION=12|"},
        {"after-root @",
         "EBB_ROOT=/new root|EBB_VOLUMES=volumes|EBB_POINT=after-root|EBB_GENERATION=12|"},
        {"after-volumes @",
         "EBB_ROOT=/new root|EBB_VOLUMES=volumes|EBB_POINT=after-volumes|EBB_GENERATION=0|"},
    };
    setenv("SECRET", "of PID 1", 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        int code;
        must_run("rm -f hook && ln -s $(command -v env) hook");
        auto_string log = run_hook(cases[i].words, NULL, &code, &error);
        assert_outcome(cases[i].words, code, &error, NULL);
        put("log", log);
        auto_string found = output_of("sed 's/^.*hook: //' log | grep -v ^PATH= | tr '\\n' '|'");
        assert_string_equal(found, cases[i].environment);
        must_run("grep -q 'hook: PATH=/usr/sbin:/usr/bin:/sbin:/bin$' log");
    }
}

/* That they are ended is for base/test_child.c. */
static void test_timeout(void **state)
{
    (void)state;
    static const struct {
        const char *words, *message;
        int code;
    } cases[] = {
        {"after-root @ timeout=1ms",
         "the hook \"@\" was not done after 1 ms and was ended; mend it, or give it a longer "
         "timeout=",
         -ETIMEDOUT},
        {"after-root @ timeout=1ms failure=warn",
         "the hook \"@\" was not done after 1 ms and was ended; mend it, or give it a longer "
         "timeout=",
         1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        int code;
        auto_string log = run_hook(cases[i].words, "#!/bin/sh\nexec sleep 100000\n", &code, &error);
        auto_string message = with_path(cases[i].message);
        assert_int_equal(code, cases[i].code);
        assert_string_equal(error.text, message);
    }
}

/* The boot does not wait for it; its words and its end are in the log all the same. */
static void test_background(void **state)
{
    (void)state;
    struct error error = {0};
    auto_arena arena = arena_new();
    must_run("mkfifo go");
    auto_string here = getcwd(NULL, 0);
    const char *script =
        arena_printf(arena, "#!/bin/sh\ncd %s; read word < go; echo $word; exit 4\n", here);
    int words[2];
    assert_int_equal(pipe2(words, O_CLOEXEC), 0);
    put("hook", script);
    must_run("chmod 755 hook");
    const struct hook hook = {.point = HOOK_BEFORE_VOLUMES,
                              .path = arena_printf(arena, "%s/hook", here),
                              .background = true,
                              .failure = HOOK_WARNS};
    const struct step step = {.kind = STEP_HOOK, .hook = &hook};
    const struct config config = {0};
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    assert_true(kept >= 0 && dup2(words[1], STDERR_FILENO) >= 0);
    int code = hook_apply(&step, context_new(arena, &config, "volumes", "/new root"), &error);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(words[1]);
    assert_int_equal(code, 0);
    must_run("echo tide > go");
    auto_string log = NULL;
    assert_int_equal(path_read_fd(words[0], "log", SIZE_MAX, &log, NULL, &error), 0);
    close(words[0]);
    assert_string_equal(log, arena_printf(arena,
                                          "ebb: %s/hook: tide\nebb: ignoring: the hook \"%s/hook\" "
                                          "failed with exit status 4; its words are in the log "
                                          "above\n",
                                          here, here));
    int status = 1;
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
}

/* Those of a point that no plan has: all of them, whatever becomes of each. */
static void test_run(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_string here = getcwd(NULL, 0);
    put("hook", "#!/bin/sh\necho \"$EBB_POINT: $EBB_FAILURE\"\nexit 3\n");
    put("other", "#!/bin/sh\necho me too\n");
    put("ebb.conf", arena_printf(arena,
                                 "hook on-rescue %s/hook\nhook after-root %s/hook\n"
                                 "hook on-rescue %s/other\n",
                                 here, here, here));
    must_run("chmod 755 hook other");
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_int_equal(report.count, 0);
    const struct context *context = context_new(arena, config, "volumes", "/new root");
    log_begin();
    hooks_run(context, HOOK_ON_RESCUE, "no disk");
    auto_string log = log_end();
    assert_string_equal(
        log,
        arena_printf(arena,
                     "ebb: run the hook %s/hook on-rescue\nebb: %s/hook: on-rescue: no disk\n"
                     "ebb: ignoring: the hook \"%s/hook\" failed with exit status 3; its words "
                     "are in the log above\nebb: run the hook %s/other on-rescue\n"
                     "ebb: %s/other: me too\n",
                     here, here, here, here, here));
}

static void test_degrades(void **state)
{
    (void)state; /* needs none */
    const struct hook loud = {.failure = HOOK_DEGRADES}, quiet = {.failure = HOOK_WARNS};
    const struct step steps[] = {{.kind = STEP_HOOK, .hook = &loud},
                                 {.kind = STEP_HOOK, .hook = &quiet},
                                 {.kind = STEP_ROOT}};
    assert_true(hook_degrades(&steps[0]));
    assert_false(hook_degrades(&steps[1]));
    assert_false(hook_degrades(&steps[2]));
}

static void test_plan(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    put("ebb.conf",
        "hook after-root /b\nhook before-switch /c timeout=5s\nhook after-root \"/a b\"\n"
        "hook after-root /b\n");
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_int_equal(report.count, 0);
    static const struct {
        enum hook_point point;
        const char *sentences;
    } cases[] = {
        {HOOK_AFTER_VOLUMES, ""},
        {HOOK_AFTER_ROOT, "run the hook /b after-root\nrun the hook /a b after-root\n"
                          "run the hook /b after-root\n"},
        {HOOK_BEFORE_SWITCH, "run the hook /c before-switch\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char sentences[200] = "";
        struct plan plan = {.arena = arena};
        hooks_plan(config, cases[i].point, &plan);
        auto_file stream = fmemopen(sentences, sizeof(sentences), "w");
        for (size_t j = 0; j < plan.count; j++) {
            assert_int_equal(plan.steps[j].kind, STEP_HOOK);
            hook_sentence(&plan.steps[j], stream);
            fputc('\n', stream);
        }
        fflush(stream);
        assert_string_equal(sentences, cases[i].sentences);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_results), TEST(test_environment), TEST(test_timeout), TEST(test_background),
        TEST(test_run),     TEST(test_degrades),    TEST(test_plan),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
