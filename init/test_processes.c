/* Who is ended, and who lives on. */
#include "base/testdata/scratch.h"

#include "init/processes.h"

static pid_t start(const char *name, uid_t user)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        if (setresuid(user, user, user) == 0)
            execlp("sleep", name, "1000", NULL);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* it was executed */
    close(ends[0]);
    return child;
}

/* As PID 1 of a name space, where all processes are ours. */
static int check(void)
{
    if (mount("proc", "/proc", "proc", 0, NULL) < 0)
        return 77;
    pid_t ordinary = start("ordinary", 0), daemon = start("@daemon", 0), guise = start("@guise", 1);
    log_begin();
    processes_end("in a test");
    auto_string log = log_end();
    assert_contains(log, "in a test\n");
    assert_int_equal(waitpid(ordinary, NULL, WNOHANG), -1); /* reaped */
    assert_int_equal(waitpid(guise, NULL, WNOHANG), -1);
    assert_int_equal(waitpid(daemon, NULL, WNOHANG), 0);
    kill(daemon, SIGKILL);
    return 0;
}

static void test_end(void **state)
{
    (void)state; /* nothing is touched */
    int status;
    need_namespace();
    if (!has_users)
        skip_because("users other than root are needed");
    fflush(NULL);
    pid_t outer = fork();
    if (outer == 0) {
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
            _exit(77);
        pid_t inner = fork();
        if (inner == 0)
            _exit(check());
        _exit(waitpid(inner, &status, 0) == inner && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    assert_int_equal(waitpid(outer, &status, 0), outer);
    if (WEXITSTATUS(status) == 77)
        skip_because("name spaces of processes are forbidden here");
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_end)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
