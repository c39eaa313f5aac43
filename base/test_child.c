#include "base/testdata/scratch.h"

#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/child.h"

/* Runs the script in a file "program", and gives what was logged, for free(3); NULL: whatever lies
 * there already. */
static char *run(const char *script, unsigned timeout, struct child_result *result)
{
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "A=b c", NULL};
    static const char *const arguments[] = {"./program", "one", "two words", NULL};
    const struct child child = {
        .name = "it", .arguments = arguments, .environment = environment, .timeout = timeout};
    struct error error = {0};
    *result = (struct child_result){(enum child_end) - 1, -1, "before"};
    if (script) {
        must_run("rm -rf program");
        put("program", script);
        must_run("chmod 755 program");
    }
    log_begin();
    int code = child_run(&child, result, &error);
    char *log = log_end();
    assert_outcome(script ? script : "program", code, &error, NULL);
    return log;
}

static void assert_ended(const struct child_result *result, enum child_end end, int number)
{
    assert_int_equal(result->end, end);
    assert_int_equal(result->number, number);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and nothing is left of it */
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *script, *log;
        enum child_end end;
        int number;
    } cases[] = {
        {"#!/bin/sh\nexit 0\n", "", CHILD_EXITED, 0},
        {"#!/bin/sh\nexit 3\n", "", CHILD_EXITED, 3},
        {"#!/bin/sh\necho one; echo two >&2; echo; printf three; exit 255\n",
         "ebb: it: one\nebb: it: two\nebb: it: \nebb: it: three\n", CHILD_EXITED, 255},
        {"#!/bin/sh\nkill -9 $$\n", "", CHILD_SIGNALLED, SIGKILL},
        {"#!/bin/sh\necho last words; kill -SEGV $$\n", "ebb: it: last words\n", CHILD_SIGNALLED,
         SIGSEGV},
        {"#!/nonesuch/sh\nexit 0\n", "ebb: it: cannot be executed: No such file or directory\n",
         CHILD_EXITED, 127},
        {"exit 0\n", "ebb: it: cannot be executed: Exec format error\n", CHILD_EXITED, 127},
        {"", "ebb: it: cannot be executed: Exec format error\n", CHILD_EXITED, 127},
        {"#!/bin/sh\ncat; exit $?\n", "", CHILD_EXITED, 0}, /* nothing to read, no waiting */
        {"#!/bin/sh\nprintf '%s|' \"$0\" \"$@\" \"$A\" \"$SECRET\"\n",
         "ebb: it: ./program|one|two words|b c||\n", CHILD_EXITED, 0},
    };
    setenv("SECRET", "of PID 1", 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct child_result result;
        auto_string log = run(cases[i].script, 0, &result);
        assert_string_equal(log, cases[i].log);
        assert_ended(&result, cases[i].end, cases[i].number);
    }
}

static void test_last_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"#!/bin/sh\n", ""},
        {"#!/bin/sh\necho one; echo why; echo\n", "why"},
        {"#!/bin/sh\necho one; printf why; kill -9 $$\n", "why"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct child_result result;
        auto_string log = run(cases[i][0], 0, &result);
        assert_string_equal(result.last, cases[i][1]);
    }
}

static void test_not_executable(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *log;
    } cases[] = {
        {"true", "ebb: it: cannot be executed: No such file or directory\n"},
        {"mkdir program", "ebb: it: cannot be executed: Permission denied\n"},
        {"echo '#!/bin/sh' > program && chmod 644 program",
         "ebb: it: cannot be executed: Permission denied\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct child_result result;
        must_run("rm -rf program; %s", cases[i].scene);
        auto_string log = run(NULL, 0, &result);
        assert_string_equal(log, cases[i].log);
        assert_ended(&result, CHILD_EXITED, 127);
    }
}

/* No descriptor, no blocked signal and no group of PID 1 reaches a child. */
static void test_process(void **state)
{
    (void)state;
    struct child_result result;
    sigset_t blocked, before;
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* what the caller of the tests left open */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    auto_string log = run("#!/bin/sh\nset -- $(cat /proc/$$/stat)\n"
                          "test \"$5\" = $$ && echo own group\n"
                          "test $(readlink /proc/self/fd/0) = /dev/null && echo no input\n"
                          "ls -m /proc/self/fd\n" /* 3 is ls's own */
                          "exec grep SigBlk /proc/self/status\n",
                          0, &result);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(log, "ebb: it: own group\nebb: it: no input\nebb: it: 0, 1, 2, 3\n"
                             "ebb: it: SigBlk:\t0000000000000000\n");
    assert_ended(&result, CHILD_EXITED, 0);
}

/* More than a pipe holds: nothing is lost, and the program sees a pipe that simply takes it. */
static void test_much_output(void **state)
{
    (void)state;
    struct child_result result;
    auto_string log = run("#!/bin/sh\nseq 30000\n", 600000, &result);
    assert_ended(&result, CHILD_EXITED, 0);
    put("log", log);
    must_run("sed 's/^ebb: it: //' log > found && seq 30000 | cmp - found");
}

static void test_long_lines(void **state)
{
    (void)state;
    struct child_result result;
    auto_string log = run("#!/bin/sh\nprintf '%01300d\\nnext\\n' 0\n", 0, &result);
    assert_ended(&result, CHILD_EXITED, 0);
    put("log", log);
    /* in pieces, but all of it, and what follows has a line of its own */
    must_run("test $(sed 's/^ebb: it: //' log | grep -v next | tr -d '\\n' | wc -c) = 1300 &&"
             "grep -q 'ebb: it: next$' log && ! grep -q '.\\{700\\}' log");
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

/* Programs that take too long. Each says in the pipe that it has begun; a machine too slow for that
 * is given more time, so that no duration decides. */
static void test_timeout(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "#!/bin/sh\nexec 3> pipe\necho begun >&3\nsleep 100000\n",
        "#!/bin/sh\nexec 3> pipe\nsleep 100000 &\necho begun >&3\nwait\n",
        "#!/bin/sh\nexec 3> pipe\ntrap '' TERM\n(sleep 100000) &\necho begun >&3\nsleep 100000\n",
        "#!/bin/sh\nexec 3> pipe\necho begun >&3\nexec yes\n",
        "#!/bin/sh\nexec 3> pipe\necho begun >&3\nexec >&- 2>&-\nsleep 100000\n",
    };
    must_run("mkfifo pipe");
    for (size_t i = 0; i < ARRAY_LENGTH(scripts); i++) {
        bool begun = false;
        for (unsigned timeout = 200; !begun && timeout < 100000; timeout *= 2) {
            struct child_result result;
            char byte;
            auto_fd pipe = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
            auto_string log = run(scripts[i], timeout, &result);
            assert_ended(&result, CHILD_LATE, 0);
            begun = read(pipe, &byte, 1) == 1;
            assert_hangs_up(pipe); /* its children are gone too */
        }
        assert_true(begun);
    }
}

/* Whoever runs a program may be ended by a person: nothing is left behind then. */
static void test_orphan(void **state)
{
    (void)state;
    must_run("mkfifo pipe");
    auto_fd pipe = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    pid_t runner = fork();
    if (runner == 0) {
        struct child_result result;
        auto_string log =
            run("#!/bin/sh\nexec 3> pipe\necho x >&3\nexec sleep 100000\n", 0, &result);
        _exit(0);
    }
    struct pollfd begun = {.fd = pipe, .events = POLLIN};
    char byte;
    assert_int_equal(poll(&begun, 1, 60000), 1); /* only a failure takes that long */
    assert_int_equal(read(pipe, &byte, 1), 1);
    assert_int_equal(kill(runner, SIGKILL), 0);
    assert_int_equal(waitpid(runner, NULL, 0), runner);
    assert_hangs_up(pipe);
}

/* Its last words may be the question it waits for an answer to. */
static void test_last_words(void **state)
{
    (void)state;
    bool heard = false;
    for (unsigned timeout = 200; !heard && timeout < 100000; timeout *= 2) {
        struct child_result result;
        auto_string log =
            run("#!/bin/sh\nprintf 'password: '\nexec sleep 100000\n", timeout, &result);
        assert_ended(&result, CHILD_LATE, 0);
        heard = strcmp(log, "ebb: it: password: \n") == 0;
    }
    assert_true(heard);
}

/* The boot goes on when the program has ended, whoever still holds its output, or writes to it. */
static void test_daemon(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "#!/bin/sh\nsetsid sleep 100000 &\necho $! > daemon\necho started\n",
        "#!/bin/sh\necho started\nsetsid yes &\necho $! > daemon\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(scripts); i++) {
        struct child_result result;
        auto_string log = run(scripts[i], 3600000, &result);
        must_run("kill -9 $(cat daemon)"); /* it was left alone */
        assert_ended(&result, CHILD_EXITED, 0);
        assert_contains(log, "started\n");
    }
}

static void handle(int number)
{
    (void)number; /* it never comes */
}

static void test_forget_signals(void **state)
{
    (void)state; /* needs none */
    pid_t child = fork();
    if (child == 0) {
        struct sigaction found;
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGUSR1, handle);
        child_forget_signals();
        sigaction(SIGUSR1, NULL, &found);
        sigprocmask(SIG_BLOCK, NULL, &set);
        _exit(found.sa_handler != SIG_DFL || sigismember(&set, SIGUSR2));
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

static int fail_with(const void *code)
{
    return *(const int *)code;
}

static int never_end(const void *nothing)
{
    (void)nothing;
    while (pause() < 0) /* nothing but a signal that kills can end that */
        continue;
    return 0;
}

static int crash(const void *nothing)
{
    (void)nothing;
    (void)raise(SIGKILL);
    return 0;
}

static void test_call(void **state)
{
    (void)state;
    static const int codes[] = {0, -EBUSY, -ENODEV};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
        assert_int_equal(child_call(fail_with, &codes[i], 600000), codes[i]);
    assert_int_equal(child_call(crash, NULL, 600000), -EFAULT);
    assert_int_equal(child_call(never_end, NULL, 1), -ETIMEDOUT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ends),        TEST(test_not_executable), TEST(test_process),
        TEST(test_much_output), TEST(test_long_lines),     TEST(test_timeout),
        TEST(test_last_words),  TEST(test_daemon),         TEST(test_orphan),
        TEST(test_last_line),   TEST(test_forget_signals), TEST(test_call),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
