/* What is left to the child that reads a file of secrets. */
#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secrets/worker.h"

static bool is_denied(long result)
{
    return result == -1 && errno == EPERM;
}

/* The number of what could still be done; 0: it has memory, and nothing else. */
static int try_all(int file)
{
    char byte = 0;
    if (worker_confine() < 0)
        return 1;
    if (!is_denied(open("/etc/passwd", O_RDONLY | O_CLOEXEC)))
        return 2;
    if (!is_denied(write(file, &byte, 1)) || !is_denied(read(file, &byte, 1)))
        return 3;
    if (!is_denied(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) || !is_denied(fork()))
        return 4;
    if (!is_denied(kill(getppid(), 0)) || !is_denied(execl("/bin/true", "true", NULL)))
        return 5;
    void *memory = malloc(8 << 20); /* by mmap */
    if (!memory)
        return 6;
    memset(memory, 1, 8 << 20);
    free(memory);
    return 0;
}

static void test_confined(void **state)
{
    (void)state; /* nothing is shared */
    int status, file = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t child = fork();
    if (child == 0) /* not _exit, before which a sanitizer does what is denied by then */
        syscall(SYS_exit_group, try_all(file));
    close(file);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_confined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
