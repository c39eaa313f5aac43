#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "generations/guard.h"
#include "generations/guard_socket.h"

/* The program in memory of its own, so that no file system is kept busy by it. */
static int copy_program(int program, struct error *error)
{
    struct stat status;
    off_t at = 0;
    auto_fd copy = memfd_create("ebb-guard", MFD_CLOEXEC);
    if (copy < 0 || fstat(program, &status) < 0)
        return error_system(error, errno, "cannot make room for the guard");
    while (at < status.st_size)
        if (sendfile(copy, program, &at, (size_t)(status.st_size - at)) <= 0)
            return error_system(error, errno ? errno : EIO, "cannot copy the guard");
    return TAKE_FD(copy);
}

_Noreturn static void execute(int program, int answer, const struct guard_order *order)
{
    char seconds[16], generation[16], grace[16];
    snprintf(seconds, sizeof(seconds), "%u", order->seconds);
    snprintf(generation, sizeof(generation), "%u", order->generation);
    snprintf(grace, sizeof(grace), "%u", order->grace);
    char *const arguments[] = {(char *)GUARD_NAME,
                               seconds,
                               generation,
                               grace,
                               (char *)(order->live ? "live" : "boot"),
                               (char *)order->volume,
                               (char *)order->record,
                               NULL},
                *const environment[] = {NULL};
    if (dup2(answer, STDOUT_FILENO) >= 0)
        fexecve(program, arguments, environment);
    dprintf(answer, "%s", strerror(errno));
    _exit(127);
}

static void set_kernel(const char *setting, const char *value)
{
    auto_fd fd = open(setting, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || path_write_all(fd, value, strlen(value)) < 0)
        log_warning("\"%s\" cannot be written, so a panic may stop this trial", setting);
}

void guard_panics(void)
{
    set_kernel("/proc/sys/kernel/panic", "10");
    set_kernel("/proc/sys/kernel/panic_on_oops", "1");
}

int guard_start(int program, const struct guard_order *order, struct error *error)
{
    char word[64] = "it ended";
    int answer[2];
    auto_fd copy = copy_program(program, error);
    if (copy < 0)
        return copy;
    if (pipe2(answer, O_CLOEXEC) < 0)
        return error_system(error, errno, "cannot start the guard");
    auto_fd end = answer[0];
    (void)unlink(GUARD_SOCKET); /* of one that was killed; whoever calls has seen that none runs */
    pid_t guard = fork();
    if (guard == 0)
        execute(copy, answer[1], order);
    close(answer[1]);
    ssize_t length = guard < 0 ? -1 : read(end, word, sizeof(word) - 1);
    if (length > 0)
        word[length] = '\0';
    if (strcmp(word, GUARD_DONE) == 0)
        return 0;
    if (guard > 0)
        (void)waitpid(guard, NULL, 0); /* it has ended */
    return error_set(error, EIO, "cannot start the guard of the trial: %s",
                     guard < 0 ? strerror(errno) : word);
}

static int ask(const char *question, struct error *error)
{
    char answer[2] = "";
    struct sockaddr_un address = guard_address(GUARD_SOCKET);
    auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_system(error, errno, "cannot speak with the guard of the trial");
    struct timeval soon = {.tv_sec = 10};                               /* it looks once a second */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)); /* else it takes longer */
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return errno == ENOENT || errno == ECONNREFUSED
                   ? error_set(error, ENOENT, "nothing is on trial here")
                   : error_system(error, errno, "cannot speak with the guard of the trial");
    if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0 ||
        recv(fd, answer, sizeof(answer) - 1, 0) <= 0)
        return error_system(error, errno ? errno : EIO, "the guard of the trial does not answer");
    return strcmp(answer, GUARD_DONE) == 0
               ? 0
               : error_set(error, EINVAL, "the guard of the trial does not understand \"%s\"",
                           question);
}

int guard_release(struct error *error)
{
    return ask(GUARD_RELEASE, error);
}

int guard_extend(unsigned seconds, struct error *error)
{
    char question[16];
    snprintf(question, sizeof(question), "%u", seconds);
    return ask(question, error);
}
