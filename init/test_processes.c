/* Who is ended, and who lives on. */
#include "base/testdata/scratch.h"

#include "base/child.h"
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

static int end_all(const void *nothing)
{
    (void)nothing;
    processes_end("in a test");
    return 0;
}

/* Whether it was killed. */
static bool is_dead(pid_t child)
{
    int status;
    return waitpid(child, &status, WNOHANG) == child && WIFSIGNALED(status);
}

/* A script, the shutdown that it runs, and the child of that which does the work. */
static int wait_for_end(const void *nothing)
{
    return child_call(end_all, nothing, 600000);
}

/* As PID 1 of a name space, where all processes are ours. Who calls descends from others who wait
 * for it, as at a shutdown. */
static int check(void)
{
    int status;
    if (mount("proc", "/proc", "proc", 0, NULL) < 0)
        return 77;
    pid_t ordinary = start("ordinary", 0), daemon = start("@daemon", 0), guise = start("@guise", 1);
    log_begin();
    pid_t waiter = fork();
    if (waiter == 0)
        _exit(child_call(wait_for_end, NULL, 600000) == 0 ? 0 : 1);
    assert_int_equal(waitpid(waiter, &status, 0), waiter);
    auto_string log = log_end();
    assert_int_equal(status, 0);
    auto_arena arena = arena_new();
    assert_contains(log,
                    arena_printf(arena, "ending \"ordinary 1000\" (%d), in a test\n", ordinary));
    assert_contains(log, arena_printf(arena, "ending \"@guise 1000\" (%d), in a test\n", guise));
    assert_true(is_dead(ordinary) && is_dead(guise));
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
