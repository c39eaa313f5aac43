#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

enum { OUTPUT_LIMIT = 1 << 30 };

int run_find(const char *program, const char *package, char *path, size_t size, struct error *error)
{
    const char *path_list = getenv("PATH");
    char list[PATH_MAX];
    /* A plain user's PATH lacks the folders where these programs live. */
    snprintf(list, sizeof(list), "%s:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin",
             path_list ? path_list : "");
    char *rest = list;
    for (const char *folder; (folder = strsep(&rest, ":"));) {
        struct stat status;
        int length = snprintf(path, size, "%s/%s", folder, program);
        if (*folder == '/' && length > 0 && (size_t)length < size && stat(path, &status) == 0 &&
            S_ISREG(status.st_mode) && access(path, X_OK) == 0)
            return 0;
    }
    return error_set(error, ENOENT, "cannot find the program \"%s\"; install the package \"%s\"",
                     program, package);
}

static int write_file(const char *path, const char *text)
{
    auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 ? -errno : path_write_all(fd, text, strlen(text));
}

/* A plain user becomes root of a name space of its own: its files are root's for the program. */
static int become_root(struct error *error)
{
    char users[64], groups[64];
    snprintf(users, sizeof(users), "0 %u 1", geteuid());
    snprintf(groups, sizeof(groups), "0 %u 1", getegid());
    if (unshare(CLONE_NEWUSER) < 0)
        return error_system(error, errno,
                            "cannot make a user name space (run as root, or let users have them)");
    int code = write_file("/proc/self/setgroups", "deny");
    if (code == 0)
        code = write_file("/proc/self/uid_map", users);
    if (code == 0)
        code = write_file("/proc/self/gid_map", groups);
    return code == 0 ? 0 : error_system(error, -code, "cannot become root of a user name space");
}

static int bind_grafts(const struct run *run, struct error *error)
{
    if (geteuid() != 0 && become_root(error) < 0)
        return -error->code;
    if (run->graft_count == 0)
        return 0;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_system(error, errno, "cannot make a mount name space");
    for (size_t i = 0; i < run->graft_count; i++) {
        char at[PATH_MAX];
        snprintf(at, sizeof(at), "%s/%s", run->staging, run->grafts[i].at);
        /* Not recursive: what is mounted inside the tree, such as its /proc, is not part of it. */
        if (mount(run->grafts[i].source, at, NULL, MS_BIND, NULL) < 0)
            return error_system(error, errno, "cannot show \"%s\" at \"%s\"", run->grafts[i].source,
                                at);
    }
    return 0;
}

static _Noreturn void become(const struct run *run, const char *path, const int streams[3])
{
    struct error error;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < 3; i++)
        dup2(streams[i], i);
    if (run->staging && bind_grafts(run, &error) < 0) {
        dprintf(STDERR_FILENO, "%s\n", error.text);
        _exit(126);
    }
    setenv("LC_ALL", "C", 1); /* its messages are read */
    execv(path, (char *const *)run->arguments);
    dprintf(STDERR_FILENO, "%s\n", strerror(errno));
    _exit(126);
}

static int collect(int fd, char **text, size_t *length, struct error *error)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d",
             fd); /* opened anew, it is read from the start */
    return path_read(AT_FDCWD, path, OUTPUT_LIMIT, text, length, error);
}

static const char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
        text[--length] = '\0';
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

static int judge(const struct run *run, int status, char *messages, struct error *error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) <= run->tolerated)
        return 0;
    const char *said = last_line(messages);
    if (WIFSIGNALED(status))
        return error_set(error, WTERMSIG(status) == SIGINT ? EINTR : EIO,
                         "\"%s\" was ended by signal %d", run->arguments[0], WTERMSIG(status));
    return error_set(error, EIO, "\"%s\" failed with status %d%s%s", run->arguments[0],
                     WEXITSTATUS(status), *said ? ": " : "", said);
}

int run_program(const struct run *run, struct run_output *output, struct error *error)
{
    char path[PATH_MAX];
    if (run_find(run->arguments[0], run->package, path, sizeof(path), error) < 0)
        return -error->code;
    auto_fd in = memfd_create("input", MFD_CLOEXEC);
    auto_fd out = memfd_create("output", MFD_CLOEXEC);
    auto_fd err = memfd_create("messages", MFD_CLOEXEC);
    if (in < 0 || out < 0 || err < 0)
        return error_system(error, errno, "cannot make files in memory");
    if ((run->input && path_write_all(in, run->input, strlen(run->input)) < 0) ||
        lseek(in, 0, SEEK_SET) < 0)
        return error_system(error, errno, "cannot fill a file in memory");
    pid_t pid = fork();
    if (pid < 0)
        return error_system(error, errno, "cannot run \"%s\"", run->arguments[0]);
    if (pid == 0)
        become(run, path, (const int[]){in, out, err});
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return error_system(error, errno, "cannot wait for \"%s\"", run->arguments[0]);
    struct run_output collected = {0};
    int code = collect(out, &collected.text, &collected.length, error);
    if (code == 0)
        code = collect(err, &collected.messages, NULL, error);
    if (code == 0)
        code = judge(run, status, collected.messages, error);
    if (code == 0 && output)
        *output = collected;
    else
        run_output_free(&collected);
    return code;
}

void run_output_free(struct run_output *output)
{
    free(output->text);
    free(output->messages);
    *output = (struct run_output){0};
}
