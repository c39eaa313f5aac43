#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

void child_forget_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);           /* those that cannot be changed need not be */
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* fails only on bad arguments */
}

_Noreturn static void execute(const struct child *child, int output)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);                          /* one that takes too long is ended with its children */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it has no use when nobody waits for it */
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(126); /* nobody could hear it */
    if (child->root && (fchdir(child->root) < 0 || chroot(".") < 0)) {
        dprintf(STDERR_FILENO, "cannot enter the new root: %s\n", strerror(errno));
        _exit(126);
    }
    execve(child->arguments[0], (char *const *)child->arguments, (char *const *)child->environment);
    dprintf(STDERR_FILENO, "cannot be executed: %s\n", strerror(errno));
    _exit(127);
}

/* What a program prints, on its way to the log. */
struct output {
    int fd;
    char text[512];
    size_t used;
    struct child_result *result;
};

static void log_one(const struct child *child, struct child_result *result, const char *line,
                    size_t length)
{
    log_info("%s: %.*s", child->name, (int)length, line);
    if (length)
        snprintf(result->last, sizeof(result->last), "%.*s", (int)length, line);
}

/* Logs the whole lines, or all there is, and keeps the rest. */
static void log_lines(const struct child *child, struct output *output, bool all)
{
    size_t start = 0;
    for (size_t i = 0; i < output->used; i++) {
        if (output->text[i] != '\n')
            continue;
        log_one(child, output->result, output->text + start, i - start);
        start = i + 1;
    }
    if (all && start < output->used) {
        log_one(child, output->result, output->text + start, output->used - start);
        start = output->used;
    }
    memmove(output->text, output->text + start, output->used - start);
    output->used -= start;
}

/* Reads once; returns what read(2) did. */
static ssize_t read_some(const struct child *child, struct output *output)
{
    ssize_t got =
        read(output->fd, output->text + output->used, sizeof(output->text) - output->used);
    if (got > 0) {
        output->used += (size_t)got;
        log_lines(child, output, false);
        if (output->used == sizeof(output->text)) /* one line, longer than there is room */
            log_lines(child, output, true);
    }
    return got;
}

/* Reads output until the program ends, even if a child of it keeps the pipe open. False: too late.
 */
static bool listen_to(const struct child *child, int fd, int process, struct child_result *result)
{
    struct output output = {.fd = fd, .result = result};
    bool ended = false, in_time = true;
    unsigned long deadline = clock_milliseconds() + child->timeout;
    bool limited = child->timeout > 0;
    while (!ended && in_time) {
        unsigned long now = clock_milliseconds();
        struct pollfd waits[] = {{.fd = output.fd, .events = POLLIN},
                                 {.fd = process, .events = POLLIN}};
        in_time = !limited || now < deadline;
        if (!in_time || poll(waits, 2, limited ? (int)(deadline - now) : -1) <= 0)
            continue;
        ended = waits[1].revents != 0;
        /* Once: one that never stops talking has a time limit too. */
        if (waits[0].revents && read_some(child, &output) == 0)
            output.fd = -1; /* closed, and it goes on: only its end matters now */
    }
    /* What is in the pipe now is its own; what a child of it adds is not waited for. */
    int left = 0;
    (void)ioctl(output.fd, FIONREAD, &left); /* it may be closed: nothing is left then */
    for (ssize_t got; left > 0 && (got = read_some(child, &output)) > 0;)
        left -= (int)got;
    log_lines(child, &output, true);
    return in_time;
}

/* False: it sleeps where no signal reaches it, as on a disk that does not answer. */
static bool end_process(pid_t process_or_group, int process)
{
    struct pollfd ended = {.fd = process, .events = POLLIN};
    (void)kill(process_or_group, SIGKILL); /* it may have ended just now */
    return poll(&ended, 1, 2000) > 0;
}

int child_call(int (*work)(const void *subject), const void *subject, unsigned limit)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(-work(subject));
    auto_fd process = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd ended = {.fd = process, .events = POLLIN};
    if (process < 0)
        return -errno;
    bool in_time = poll(&ended, 1, (int)limit) > 0;
    if (!in_time && !end_process(child, process))
        return -ETIMEDOUT;
    int reaped;
    while ((reaped = waitpid(child, &status, 0)) < 0 && errno == EINTR)
        continue;
    if (reaped < 0)
        return -errno;
    return !in_time ? -ETIMEDOUT : WIFEXITED(status) ? -WEXITSTATUS(status) : -EFAULT;
}

int child_run(const struct child *child, struct child_result *result, struct error *error)
{
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_system(error, errno, "cannot run \"%s\"", child->name);
    auto_fd reading = ends[0], writing = ends[1];
    (void)fcntl(reading, F_SETFL, O_NONBLOCK); /* this end alone: programs do not expect EAGAIN */
    pid_t leader = fork();
    if (leader == 0)
        execute(child, writing);
    if (leader > 0)
        (void)setpgid(leader, leader); /* as the child itself does: whoever comes first */
    close(TAKE_FD(writing));
    auto_fd process = leader < 0 ? -1 : (int)syscall(SYS_pidfd_open, leader, 0);
    if (process < 0)
        return error_system(error, errno, "cannot run \"%s\"", child->name);
    *result = (struct child_result){.end = CHILD_STUCK};
    bool in_time = listen_to(child, reading, process, result);
    if (!in_time && !end_process(-leader, process))
        return 0;
    while (waitpid(leader, &status, 0) < 0 && errno == EINTR)
        continue;
    bool signalled = WIFSIGNALED(status);
    result->end = !in_time ? CHILD_LATE : signalled ? CHILD_SIGNALLED : CHILD_EXITED;
    if (in_time)
        result->number = signalled ? WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}
