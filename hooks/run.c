#include "hooks/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

void hooks_check(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->hook_count; i++)
        if (config->hooks[i]->timeout == 0)
            report_error(report, config->hooks[i]->origin,
                         "the hook \"%s\" has no time at all; give it a timeout= or leave it out",
                         config->hooks[i]->path);
}

void hooks_plan(const struct config *config, enum hook_point point, struct plan *plan)
{
    for (size_t i = 0; i < config->hook_count; i++)
        if (config->hooks[i]->point == (int)point)
            plan_add(plan, STEP_HOOK, config->hooks[i]->origin)->hook = config->hooks[i];
}

void hook_sentence(const struct step *step, FILE *stream)
{
    const struct hook *hook = step->hook;
    fprintf(stream, "run the hook %s %s", hook->path, hook_point_names[hook->point]);
}

_Noreturn static void execute(const struct hook *hook, const struct context *context, int output)
{
    char root[300], volumes[300], point[64], generation[64];
    snprintf(root, sizeof(root), "EBB_ROOT=%s", context->root.name);
    snprintf(volumes, sizeof(volumes), "EBB_VOLUMES=%s", context->volumes);
    snprintf(point, sizeof(point), "EBB_POINT=%s", hook_point_names[hook->point]);
    snprintf(generation, sizeof(generation), "EBB_GENERATION=%u",
             context->generation ? context->generation->number : 0);
    char *const arguments[] = {(char *)hook->path, NULL};
    char *const environment[] = {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", root, volumes, point, generation, NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* a hook that takes too long is ended with its children */
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(126); /* nobody could hear it */
    execve(hook->path, arguments, environment);
    dprintf(STDERR_FILENO, "cannot be executed: %s\n", strerror(errno));
    _exit(127);
}

/* What a hook prints, on its way to the log. */
struct output {
    int fd;
    char text[512];
    size_t used;
};

/* Logs the whole lines, or all there is, and keeps the rest. */
static void log_lines(const struct hook *hook, struct output *output, bool all)
{
    size_t start = 0;
    for (size_t i = 0; i < output->used; i++) {
        if (output->text[i] != '\n')
            continue;
        log_info("%s: %.*s", hook->path, (int)(i - start), output->text + start);
        start = i + 1;
    }
    if (all && start < output->used) {
        log_info("%s: %.*s", hook->path, (int)(output->used - start), output->text + start);
        start = output->used;
    }
    memmove(output->text, output->text + start, output->used - start);
    output->used -= start;
}

/* Reads once; returns what read(2) did. */
static ssize_t read_some(const struct hook *hook, struct output *output)
{
    ssize_t got =
        read(output->fd, output->text + output->used, sizeof(output->text) - output->used);
    if (got > 0) {
        output->used += (size_t)got;
        log_lines(hook, output, false);
        if (output->used == sizeof(output->text)) /* one line, longer than there is room */
            log_lines(hook, output, true);
    }
    return got;
}

/* Reads output until the hook ends, even if a child of it keeps the pipe open. False: too late. */
static bool listen_to(const struct hook *hook, int fd, int process)
{
    struct output output = {.fd = fd};
    bool ended = false, in_time = true;
    unsigned long deadline = clock_microseconds() / 1000 + hook->timeout;
    while (!ended && in_time) {
        unsigned long now = clock_microseconds() / 1000;
        struct pollfd waits[] = {{.fd = output.fd, .events = POLLIN},
                                 {.fd = process, .events = POLLIN}};
        in_time = now < deadline;
        if (!in_time || poll(waits, 2, (int)(deadline - now)) <= 0)
            continue;
        ended = waits[1].revents != 0;
        /* Once: a hook that never stops talking has a time limit too. */
        if (waits[0].revents && read_some(hook, &output) == 0)
            output.fd = -1; /* closed, and the hook goes on: only its end matters now */
    }
    /* What is in the pipe now is the hook's own; what a child of it adds is not waited for. */
    int left = 0;
    (void)ioctl(output.fd, FIONREAD, &left); /* it may be closed: nothing is left then */
    for (ssize_t got; left > 0 && (got = read_some(hook, &output)) > 0;)
        left -= (int)got;
    log_lines(hook, &output, true);
    return in_time;
}

/* False: it sleeps where no signal reaches it, as on a disk that does not answer. */
static bool end_hook(pid_t child, int process)
{
    struct pollfd ended = {.fd = process, .events = POLLIN};
    (void)kill(-child, SIGKILL); /* it may have ended just now */
    return poll(&ended, 1, 2000) > 0;
}

static int run(const struct hook *hook, const struct context *context, struct error *error)
{
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_system(error, errno, "cannot run the hook \"%s\"", hook->path);
    auto_fd reading = ends[0], writing = ends[1];
    (void)fcntl(reading, F_SETFL, O_NONBLOCK); /* this end alone: programs do not expect EAGAIN */
    pid_t child = fork();
    if (child == 0)
        execute(hook, context, writing);
    if (child > 0)
        (void)setpgid(child, child); /* as the child itself does: whoever comes first */
    close(TAKE_FD(writing));
    auto_fd process = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
    if (process < 0)
        return error_system(error, errno, "cannot run the hook \"%s\"", hook->path);
    bool in_time = listen_to(hook, reading, process);
    if (!in_time && !end_hook(child, process))
        return error_set(error, ETIMEDOUT,
                         "the hook \"%s\" was not done after %u ms and cannot be ended: it waits "
                         "for a device; mend that, or leave the hook out",
                         hook->path, hook->timeout);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!in_time)
        return error_set(error, ETIMEDOUT,
                         "the hook \"%s\" was not done after %u ms and was ended; "
                         "mend it, or give it a longer timeout=",
                         hook->path, hook->timeout);
    if (WIFSIGNALED(status))
        return error_set(error, EIO, "the hook \"%s\" was ended by signal %d (%s)", hook->path,
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return error_set(error, EIO,
                         "the hook \"%s\" failed with exit status %d; its words are in the "
                         "log above",
                         hook->path, WEXITSTATUS(status));
    return 0;
}

int hook_apply(const struct step *step, struct context *context, struct error *error)
{
    int code = run(step->hook, context, error);
    return code < 0 && step->hook->failure == HOOK_WARNS ? 1 : code;
}
