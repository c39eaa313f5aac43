/* How we become PID 1 in place of sysvinit, which a shell of that name plays. */
#include "mounts/testing.h"

#include "init/sysvinit.h"

static void expect_not_replaced(void)
{
    char word[16];
    log_begin();
    sysvinit_replace("halt");
    auto_string log = log_end();
    assert_string_equal(log, "");
    assert_false(succeeds("test -e /run/initramfs/word"));
    assert_false(sysvinit_was_replaced(word, sizeof(word)));
}

/* A script of an init that has begun to read. */
static void replace(void)
{
    auto_fd ready = open("ready", O_RDONLY | O_CLOEXEC);
    sysvinit_replace("halt");
    must_run("head -c 384 /dev/zero > /run/initctl"); /* a test that fails has an end, too */
}

/* As PID 1 of a name space. */
static void be_init(void)
{
    char word[16];
    if (mount("proc", "/proc", "proc", 0, NULL) < 0)
        _exit(77);
    must_run("mkdir -p /run/initramfs && cp /bin/sh init && mkfifo ready /run/initctl");
    put("/run/initramfs/shutdown", "#!/bin/sh\necho \"$@\" > said\n");
    must_run("chmod 755 /run/initramfs/shutdown");
    auto_fd reader = open("/run/initctl", O_RDWR | O_CLOEXEC);
    expect_not_replaced(); /* it is not called init */
    close(TAKE_FD(reader));
    put("/run/initramfs/word", "kexec\n");
    assert_true(sysvinit_was_replaced(word, sizeof(word)));
    assert_string_equal(word, "kexec");
    must_run("rm /run/initramfs/word");
    fflush(NULL);
    if (fork() == 0) {
        replace();
        _exit(0);
    }
    execl("./init", "./init", "-c",
          "exec 3<> /run/initctl; : > ready; head -c 384 <&3 > request; exec ./init --init", NULL);
    _exit(1);
}

static void test_replaced(void **state)
{
    (void)state; /* the scratch folder is the current one */
    int status;
    need_namespace();
    fflush(NULL);
    pid_t outer = fork();
    if (outer == 0) {
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
            _exit(77);
        pid_t inner = fork();
        if (inner == 0)
            be_init();
        assert_int_equal(waitpid(inner, &status, 0), inner);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    assert_int_equal(waitpid(outer, &status, 0), outer);
    if (WEXITSTATUS(status) == 77)
        skip_because("a name space of processes is needed");
    assert_int_equal(status, 0);
    must_run("test \"$(cat said)\" = --init && test \"$(cat /run/initramfs/word)\" = halt");
    must_run("test \"$(od -An -tx4 -N 16 request)\" = ' 03091969 00000001 00000055 00000000'");
}

static void test_no_sysvinit(void **state)
{
    (void)state; /* as above */
    need_namespace();
    must_run("mkdir -p /run/initramfs && mkfifo /run/initctl");
    expect_not_replaced();
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_MACHINE(test_replaced), ON_MACHINE(test_no_sysvinit)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
