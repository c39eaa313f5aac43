/* What is left to the child that reads a file of secrets, and what its end costs. */
#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* Of a word that lies where nothing can be read, so that the child crashes when it looks for it. */
static void test_crash(void **state)
{
    (void)state; /* as above */
    struct error error;
    auto_arena arena = arena_new();
    void *nothing = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct secret_entry good = {.name = "int", .key = "int"},
                              bad = {.name = "bad", .key = nothing};
    const struct secret_entry *const wanted[] = {&good, &bad};
    auto_fd file = open("secrets/testdata/sops/types.yaml", O_RDONLY | O_CLOEXEC),
            key = open("secrets/testdata/sops/key.txt", O_RDONLY | O_CLOEXEC);
    const struct worker_file keys[] = {{.name = "key", .fd = key}};
    struct worker_job job = {.file = {.name = "types.yaml", .fd = file},
                             .keys = keys,
                             .key_count = 1,
                             .wanted = wanted,
                             .count = 2};
    struct worker_result result = {0};
    assert_int_equal(worker_run(arena, &job, &result, &error), 0);
    for (size_t i = 0; i < job.count; i++) {
        assert_int_equal(result.answers[i].fault, FAULT_CORRUPT);
        assert_contains(result.answers[i].reason, "the child that read it ended, with status ");
        assert_null(result.answers[i].value.bytes);
    }
    worker_end(&result);
    job.count = 1; /* and without it */
    assert_int_equal(worker_run(arena, &job, &result, &error), 0);
    assert_int_equal(result.answers[0].fault, FAULT_NONE);
    assert_memory_equal(result.answers[0].value.bytes, "42", 2);
    worker_end(&result);
    munmap(nothing, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_confined),
                                       cmocka_unit_test(test_crash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
