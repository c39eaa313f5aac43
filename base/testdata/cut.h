/* A function that is cut off at each and every call of the kernel, as by a loss of power that loses
 * nothing of what was written so far. What was written, and is not on the disk yet, is for machines
 * to lose (qemu-tests/). */
#ifndef EBB_BASE_TESTDATA_CUT_H
#define EBB_BASE_TESTDATA_CUT_H

#include "base/testdata/scratch.h"

#include <sys/ptrace.h>

/* Lets a child run `work`, which returns 0, and kills it before it makes more than so many calls.
 * True: there were no more. What the child logs is dropped. */
UNUSED static bool cut_off(int (*work)(void *argument), void *argument, unsigned calls)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(log, STDERR_FILENO);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(77);
        raise(SIGSTOP);
        _exit(work(argument));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip_because("ptrace is forbidden here");
    /* It stops twice for each call, and is killed where it enters the next: that one is not made. */
    for (unsigned stops = 0; stops <= 2 * calls && WIFSTOPPED(status); stops++) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    if (!WIFSTOPPED(status)) {
        assert_int_equal(status, 0);
        return true;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return false;
}

#endif
