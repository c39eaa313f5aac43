#include "base/testdata/scratch.h"

#include <linux/close_range.h>
#include <poll.h>

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
        {"after-root @", "#!/bin/sh\necho last words; kill -SEGV $$\n",
         "the hook \"@\" was ended by signal 11 (Segmentation fault)", "ebb: @: last words\n"},
        {"after-root @ failure=warn", "#!/bin/sh\nexit 0\n", NULL, ""},
        {"after-root @ failure=warn", "#!/bin/sh\nexit 3\n",
         "the hook \"@\" failed with exit status 3; its words are in the log above", ""},
        {"after-root @ failure=fail", "#!/bin/sh\nexit 3\n",
         "the hook \"@\" failed with exit status 3; its words are in the log above", ""},
        {"after-root @", "#!/nonesuch/sh\nexit 0\n",
         "the hook \"@\" failed with exit status 127; its words are in the log above",
         "ebb: @: cannot be executed: No such file or directory\n"},
        {"after-root @", "exit 0\n",
         "the hook \"@\" failed with exit status 127; its words are in the log above",
         "ebb: @: cannot be executed: Exec format error\n"},
        {"after-root @", "",
         "the hook \"@\" failed with exit status 127; its words are in the log above",
         "ebb: @: cannot be executed: Exec format error\n"},
        {"after-root @", NULL, /* missing */
         "the hook \"@\" failed with exit status 127; its words are in the log above",
         "ebb: @: cannot be executed: No such file or directory\n"},
        {"after-root @", "#!/bin/sh\ncat; exit $?\n", NULL, ""}, /* nothing to read, no waiting */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        int code;
        must_run("rm -f hook");
        auto_string log = run_hook(cases[i].words, cases[i].hook, &code, &error);
        auto_string expected = with_path(cases[i].log);
        auto_string message = cases[i].message ? with_path(cases[i].message) : NULL;
        if (message && strstr(cases[i].words, "=warn")) {
            assert_int_equal(code, 1); /* it is said, and the boot goes on */
            code = -error.code;
        }
        assert_outcome(cases[i].hook ? cases[i].hook : "missing", code, &error, message);
        assert_string_equal(log, expected);
    }
}

static void test_not_executable(void **state)
{
    (void)state;
    struct error error = {0};
    int code;
    must_run("mkdir hook");
    auto_string log = run_hook("before-switch @", NULL, &code, &error);
    assert_int_equal(code, -EIO);
    assert_contains(log, "/hook: cannot be executed: Permission denied\n");
    must_run("rmdir hook && echo '#!/bin/sh' > hook && chmod 644 hook");
    auto_string second = run_hook("before-switch @", NULL, &code, &error);
    assert_int_equal(code, -EIO);
    assert_contains(second, "/hook: cannot be executed: Permission denied\n");
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

/* No descriptor, no blocked signal and no group of PID 1 reaches a hook. */
static void test_process(void **state)
{
    (void)state;
    struct error error = {0};
    int code;
    sigset_t blocked, before;
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* what the caller of the tests left open */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    auto_string log = run_hook("after-root @",
                               "#!/bin/sh\nset -- $(cat /proc/$$/stat)\n"
                               "test \"$5\" = $$ && echo own group\n"
                               "test $(readlink /proc/self/fd/0) = /dev/null && echo no input\n"
                               "ls -m /proc/self/fd\n" /* 3 is ls's own */
                               "exec grep SigBlk /proc/self/status\n",
                               &code, &error);
    sigprocmask(SIG_SETMASK, &before, NULL);
    auto_string expected = with_path("ebb: @: own group\nebb: @: no input\nebb: @: 0, 1, 2, 3\n"
                                     "ebb: @: SigBlk:\t0000000000000000\n");
    assert_outcome("process", code, &error, NULL);
    assert_string_equal(log, expected);
}

/* More than a pipe holds: nothing is lost, and the hook sees a pipe that simply takes it. */
static void test_much_output(void **state)
{
    (void)state;
    struct error error = {0};
    int code;
    auto_string log =
        run_hook("after-root @ timeout=10min", "#!/bin/sh\nseq 30000\n", &code, &error);
    assert_outcome("much", code, &error, NULL);
    put("log", log);
    must_run("sed 's/^.*hook: //' log > found && seq 30000 | cmp - found");
}

static void test_long_lines(void **state)
{
    (void)state;
    struct error error = {0};
    int code;
    auto_string log =
        run_hook("after-root @", "#!/bin/sh\nprintf '%01300d\\nnext\\n' 0\n", &code, &error);
    assert_outcome("long", code, &error, NULL);
    put("log", log);
    /* in pieces, but all of it, and what follows has a line of its own */
    must_run("test $(sed 's/^.*hook: //' log | grep -v next | tr -d '\\n' | wc -c) = 1300 &&"
             "grep -q 'hook: next$' log && ! grep -q '.\\{700\\}' log");
}

/* Blocks until nobody has the pipe open for writing any more. */
static void assert_hangs_up(int pipe)
{
    struct pollfd wait = {.fd = pipe, .events = POLLIN};
    char bytes[4096];
    ssize_t got = 1;
    while (got > 0 && poll(&wait, 1, 60000) == 1) /* only a failure takes that long */
        got = read(pipe, bytes, sizeof(bytes));
    assert_int_equal(got, 0);
}

/* Hooks that take too long. Each says in the pipe that it has begun; a machine too slow for that is
 * given more time, so that no duration decides. */
static void test_timeout(void **state)
{
    (void)state;
    static const char *const hooks[] = {
        "#!/bin/sh\nexec 3> pipe\necho begun >&3\nsleep 100000\n",
        "#!/bin/sh\nexec 3> pipe\nsleep 100000 &\necho begun >&3\nwait\n",
        "#!/bin/sh\nexec 3> pipe\ntrap '' TERM\n(sleep 100000) &\necho begun >&3\nsleep 100000\n",
        "#!/bin/sh\nexec 3> pipe\necho begun >&3\nexec yes\n",
        "#!/bin/sh\nexec 3> pipe\necho begun >&3\nexec >&- 2>&-\nsleep 100000\n",
    };
    must_run("mkfifo pipe");
    for (size_t i = 0; i < ARRAY_LENGTH(hooks); i++) {
        bool begun = false;
        for (int timeout = 200; !begun && timeout < 100000; timeout *= 2) {
            struct error error = {0};
            int code;
            char words[64], byte, expected[300];
            auto_fd pipe = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
            snprintf(words, sizeof(words), "after-root @ timeout=%dms", timeout);
            auto_string log = run_hook(words, hooks[i], &code, &error);
            snprintf(expected, sizeof(expected),
                     "the hook \"@\" was not done after %d ms and was ended; mend it, or give it a "
                     "longer timeout=",
                     timeout);
            auto_string message = with_path(expected);
            assert_outcome(hooks[i], code, &error, message);
            assert_int_equal(code, -ETIMEDOUT);
            begun = read(pipe, &byte, 1) == 1;
            assert_hangs_up(pipe); /* its children are gone too */
            assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        }
        assert_true(begun);
    }
}

static void test_timeout_warns(void **state)
{
    (void)state;
    struct error error = {0};
    int code;
    auto_string log = run_hook("after-root @ timeout=1ms failure=warn", "#!/bin/sh\nsleep 100000\n",
                               &code, &error);
    assert_int_equal(code, 1);
    assert_contains(error.text, "was not done after 1 ms and was ended");
    /* Its last words may be the question it waits for an answer to. */
    for (int timeout = 200; !strstr(log, "password: \n") && timeout < 100000; timeout *= 2) {
        char words[64];
        free(TAKE_PTR(log));
        snprintf(words, sizeof(words), "after-root @ timeout=%dms", timeout);
        log = run_hook(words, "#!/bin/sh\nprintf 'password: '\nexec sleep 100000\n", &code, &error);
        assert_int_equal(code, -ETIMEDOUT);
    }
    assert_contains(log, "password: \n");
}

/* The boot goes on when the hook has ended, whoever still holds its output, or writes to it. */
static void test_daemon(void **state)
{
    (void)state;
    static const char *const hooks[] = {
        "#!/bin/sh\nsetsid sleep 100000 &\necho $! > daemon\necho started\n",
        "#!/bin/sh\necho started\nsetsid yes &\necho $! > daemon\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(hooks); i++) {
        struct error error = {0};
        int code;
        auto_string log = run_hook("after-root @ timeout=1h", hooks[i], &code, &error);
        must_run("kill -9 $(cat daemon)"); /* it was left alone */
        assert_outcome(hooks[i], code, &error, NULL);
        assert_contains(log, "started\n");
    }
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
        TEST(test_results), TEST(test_not_executable), TEST(test_environment),
        TEST(test_process), TEST(test_much_output),    TEST(test_long_lines),
        TEST(test_timeout), TEST(test_timeout_warns),  TEST(test_daemon),
        TEST(test_plan),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
