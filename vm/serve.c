#include "vm/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

/* What a pipe holds: one read of this size empties it. */
enum { PIPE_SIZE = 64 * 1024, CHUNK_SIZE = 16 * 1024 };

static _Noreturn void run(const struct guest *guest, const char *command, int out, int err)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:"
                         "/run/current-system/sw/bin"; /* the last one is NixOS's */
    static char *const environment[] = {path, "HOME=/root", "TERM=dumb", "LANG=C.UTF-8", NULL};
    signal(SIGPIPE, SIG_DFL);
    setsid(); /* so that all of it can be ended at once */
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (guest->proc >= 0) {
        int root = openat(guest->proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0 || fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0) {
            dprintf(STDERR_FILENO, "ebb-agent: cannot enter the root of PID 1: %s\n",
                    strerror(errno));
            _exit(126);
        }
    }
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    else
        close(STDIN_FILENO); /* a root without /dev: the command shall run all the same */
    umask(022);
    char *arguments[] = {"sh", "-c", (char *)command, NULL};
    execve("/bin/sh", arguments, environment);
    dprintf(STDERR_FILENO, "ebb-agent: cannot run /bin/sh: %s\n", strerror(errno));
    _exit(127);
}

pid_t serve_start(const struct guest *guest, const char *command, int out, int err)
{
    pid_t pid = fork();
    if (pid == 0)
        run(guest, command, out, err);
    return pid < 0 ? -errno : pid;
}

/* Sends what the pipe holds now. False at its end. */
static bool forward(const struct guest *guest, int pipe, const char *word, int *code)
{
    static char data[PIPE_SIZE];
    ssize_t got = read(pipe, data, sizeof(data));
    for (ssize_t at = 0; at < got && *code == 0; at += CHUNK_SIZE) {
        size_t rest = (size_t)(got - at);
        *code = frame_send(guest->port, word, data + at, rest < CHUNK_SIZE ? rest : CHUNK_SIZE);
    }
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Streams until the command itself has ended: what it left in the background may keep the pipes
 * open for as long as the system runs. */
static int stream(const struct guest *guest, int process, int out, int err, bool *given_up)
{
    struct pollfd watched[] = {
        {.fd = out, .events = POLLIN},
        {.fd = err, .events = POLLIN},
        {.fd = process, .events = POLLIN},
        {.fd = guest->port, .events = POLLIN},
    };
    int code = 0;
    while (code == 0 && !watched[2].revents && !*given_up) {
        if (poll(watched, ARRAY_LENGTH(watched), -1) < 0 && errno != EINTR)
            return -errno;
        if (watched[0].revents && !forward(guest, out, "OUT", &code))
            watched[0].fd = -1;
        if (watched[1].revents && !forward(guest, err, "ERR", &code))
            watched[1].fd = -1;
        *given_up = watched[3].revents != 0;
    }
    if (code == 0 && !*given_up) {
        (void)forward(guest, out, "OUT", &code); /* its end is no news */
        (void)forward(guest, err, "ERR", &code); /* the same */
    }
    return code;
}

static int tell_end(const struct guest *guest, int status)
{
    char text[32];
    int length = snprintf(text, sizeof(text), WIFSIGNALED(status) ? "signal %d" : "status %d",
                          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return frame_send(guest->port, "EXIT", text, (size_t)length);
}

/* Something on our side failed: said as the command's own failure, so that the host has an end. */
static int tell_failure(const struct guest *guest, const char *what, int error)
{
    char text[200];
    int length = snprintf(text, sizeof(text), "ebb-agent: %s: %s\n", what, strerror(error));
    int code = frame_send(guest->port, "ERR", text, (size_t)length);
    return code < 0 ? code : tell_end(guest, 126 << 8);
}

static int execute(const struct guest *guest, const struct frame *frame)
{
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) < 0)
        return tell_failure(guest, "cannot make a pipe", errno);
    auto_fd out_read = out[0], out_write = out[1];
    if (pipe2(err, O_CLOEXEC) < 0)
        return tell_failure(guest, "cannot make a pipe", errno);
    auto_fd err_read = err[0], err_write = err[1];
    auto_arena arena = arena_new();
    const char *command = arena_copy(arena, frame->data, frame->length);
    pid_t pid = serve_start(guest, command, out_write, err_write);
    if (pid < 0)
        return tell_failure(guest, "cannot fork", -pid);
    close(TAKE_FD(out_write));
    close(TAKE_FD(err_write));
    fcntl(out_read, F_SETFL, O_NONBLOCK);
    fcntl(err_read, F_SETFL, O_NONBLOCK);
    auto_fd process = (int)syscall(SYS_pidfd_open, pid, 0);
    bool given_up = false;
    int code = process < 0 ? -errno : stream(guest, process, out_read, err_read, &given_up);
    if (code < 0 || given_up)
        kill(-pid, SIGKILL);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return code < 0 ? code : tell_end(guest, status);
}

static int greet(const struct guest *guest, const struct frame *frame)
{
    int code = frame_send(guest->port, "HELLO", frame->data, frame->length);
    if (code == 0 && guest->ready)
        code = frame_send(guest->port, "READY", guest->ready, strlen(guest->ready));
    return code;
}

int serve(struct guest *guest, int timeout, enum wish *wish)
{
    *wish = WISH_NONE;
    struct pollfd watched = {.fd = guest->port, .events = POLLIN};
    int heard = poll(&watched, 1, timeout);
    if (heard <= 0)
        return heard == 0 || errno == EINTR ? 0 : -errno;
    long got = bytes_read(&guest->reader.bytes, guest->port);
    if (got <= 0)
        return got < 0 ? (int)got : -EPIPE;
    int code = 0;
    struct frame frame;
    while (code == 0 && frame_next(&guest->reader, &frame)) {
        if (frame_is(&frame, "HELLO"))
            code = greet(guest, &frame);
        else if (frame_is(&frame, "EXEC"))
            code = execute(guest, &frame);
        else if (frame_is(&frame, "POWEROFF") || frame_is(&frame, "REBOOT")) {
            *wish = frame_is(&frame, "REBOOT") ? WISH_REBOOT : WISH_POWEROFF;
            return 0;
        }
        /* other words are those of a newer host: it will notice that no answer comes */
    }
    return code;
}

int serve_begin(const struct guest *guest)
{
    return frame_send(guest->port, "HELLO", NULL, 0);
}

int serve_ready(struct guest *guest, const char *how)
{
    guest->ready = how;
    return frame_send(guest->port, "READY", how, strlen(how));
}
