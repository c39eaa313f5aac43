#include "generations/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "generations/resolver.h"

enum { QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC };

static const struct {
    const char *type, *place, *options;
    unsigned long flags;
    mode_t mode; /* of the folder, should there be none */
} systems[] = {
    {"proc", "/proc", NULL, QUIET, 0555},
    /* The machine is none of the tree's business, such as its boot entries in EFI variables. */
    {"sysfs", "/sys", NULL, QUIET | MS_RDONLY, 0555},
    {"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV, 0755},
    {"tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV, 01777},
};

/* Of the tree, whose root is ours. */
static int mount_all(int devices, struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(systems); i++) {
        if (mkdir(systems[i].place, systems[i].mode) < 0 && errno != EEXIST)
            return error_system(error, errno, "cannot make \"%s\"", systems[i].place);
        if (mount(systems[i].type, systems[i].place, systems[i].type, systems[i].flags,
                  systems[i].options) < 0)
            return error_system(error, errno, "cannot mount \"%s\"", systems[i].place);
    }
    (void)mkdir("/run/lock", 01777); /* only some programs want it */
    if (mkdir("/dev", 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/dev\"");
    if (move_mount(devices, "", AT_FDCWD, "/dev", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) <
        0)
        return error_system(error, errno, "cannot show the host's \"/dev\"");
    return 0;
}

static int enter(const struct inside *inside, struct error *error)
{
    auto_fd devices =
        open_tree(AT_FDCWD, "/dev", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (devices < 0)
        return error_system(error, errno, "cannot take the devices along");
    if (fchdir(inside->tree) < 0 || chroot(".") < 0 || chdir("/") < 0)
        return error_system(error, errno, "cannot enter the tree");
    umask(0);
    int code = mount_all(devices, error);
    umask(022);
    return code;
}

static _Noreturn void become(const struct inside *inside, const struct resolver *resolver, int told)
{
    struct error error = {0};
    sigset_t none;
    if (enter(inside, &error) == 0) {
        resolver_show_in_run(resolver);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        unsetenv("TMPDIR"); /* of the host */
        setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
        execvp(inside->command[0], (char *const *)inside->command);
        error_system(&error, errno, "cannot run \"%s\" in the tree", inside->command[0]);
    }
    (void)!write(told, &error, sizeof(error)); /* else the exit status has to do */
    _exit(127);
}

/* The first process of the name space: when it ends, so does all that the command left running. Not
 * the command itself, whom the terminal could not interrupt then. */
static _Noreturn void look_after(const struct inside *inside, const struct resolver *resolver,
                                 int told)
{
    int status;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t ended, command = fork();
    if (command == 0)
        become(inside, resolver, told);
    close(told);
    do
        ended = waitpid(-1, &status, 0);
    while (ended != command && (ended >= 0 || errno == EINTR));
    _exit(ended != command    ? 127
          : WIFEXITED(status) ? WEXITSTATUS(status)
                              : 128 + WTERMSIG(status));
}

/* Like fork(2), whose child sees itself as the process 1. */
static pid_t fork_apart(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Until it has ended by itself, or is to be. True: it was. */
static bool wait_or_end(pid_t first, int stop)
{
    auto_fd process = pidfd_open(first, 0);
    struct pollfd either[] = {{.fd = process, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
    while (process >= 0 && poll(either, ARRAY_LENGTH(either), -1) < 0 && errno == EINTR)
        ;
    bool ended = either[1].revents != 0;
    if (ended)
        kill(first, SIGKILL);
    return ended;
}

static int wait_for(const struct inside *inside, pid_t first, struct error *error)
{
    int status;
    bool ended = wait_or_end(first, inside->stop);
    while (waitpid(first, &status, 0) < 0 && errno == EINTR)
        ;
    if (ended)
        return error_set(error, EINTR, "it was interrupted");
    if (WIFSIGNALED(status))
        return error_set(error, ECANCELED, "\"%s\" was ended by the signal %d (%s)",
                         inside->command[0], WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return error_set(error, ECANCELED, "\"%s\" failed with the exit status %d",
                         inside->command[0], WEXITSTATUS(status));
    return 0;
}

int inside_run(const struct inside *inside, struct error *error)
{
    int told[2];
    if (pipe2(told, O_CLOEXEC) < 0)
        return error_system(error, errno, "cannot make a pipe");
    struct resolver resolver;
    resolver_lend(inside->tree, &resolver);
    pid_t first = fork_apart();
    if (first == 0)
        look_after(inside, &resolver, told[1]);
    close(told[1]);
    auto_fd answer = told[0];
    int code = first < 0 ? error_system(error, errno, "cannot start a process")
                         : wait_for(inside, first, error);
    struct error reason;
    if (code < 0 && read(answer, &reason, sizeof(reason)) == (ssize_t)sizeof(reason))
        code = error_set(error, reason.code, "%s", reason.text);
    resolver_take_back(&resolver);
    return code;
}
