/* ebb-agent: what a guest of `ebb vm` runs so that the host can speak with it.
 *
 * PID 1 runs it as a hook just before the switch of roots, where it takes hold of its port and of
 * /proc and goes to the background. From then on it needs nothing of the system that comes, and
 * the system, whatever its init, need not know of it. As PID 1 itself it is the probe with which
 * the host finds out whether an accelerator works (vm/accel.c). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "vm/accel.h"
#include "vm/halt.h"
#include "vm/serve.h"

enum { TICK = 100 /* ms */, PORT_TICKS = 100 };

/* What PID 1 was before the switch. Not our own root: pivot_root moves that along. */
struct start {
    struct stat root, program;
};

/* systemctl, while it waits for the system to be up. */
struct question {
    pid_t pid;
    int answer;
};

static void tick(void)
{
    nanosleep(&(struct timespec){.tv_nsec = TICK * 1000000L}, NULL);
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool has_line(int folder, const char *entry, const char *file, const char *line)
{
    char path[512], text[64] = "";
    snprintf(path, sizeof(path), "%.255s/%s", entry, file);
    auto_fd fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return strcmp(text, line) == 0;
}

/* The name of the entry of a sysfs folder whose `file` says `line`. */
static bool find_entry(const char *path, const char *file, const char *line, char name[256])
{
    auto_dir folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] != '.' && has_line(dirfd(folder), entry->d_name, file, line)) {
            strcpy(name, entry->d_name);
            return true;
        }
    }
    return false;
}

/* The port comes a moment after its driver. Without a device that could have ports, none will. */
static int open_port(void)
{
    char name[256], path[300];
    if (!find_entry("/sys/bus/virtio/devices", "device", "0x0003", name))
        return -1;
    for (int i = 0; i < PORT_TICKS; i++, tick()) {
        if (!find_entry("/sys/class/virtio-ports", "name", FRAME_PORT, name))
            continue;
        snprintf(path, sizeof(path), "/dev/%s", name);
        int port = open(path, O_RDWR | O_CLOEXEC);
        if (port >= 0 || errno == EBUSY) /* an agent of an earlier attempt of this boot has it */
            return port;
    }
    return -1;
}

/* Which of them is there after the switch may be a different one, and systemd may not have begun.
 */
static bool has_switched(int proc, const struct start *start)
{
    struct stat root, program;
    return fstatat(proc, "1/root", &root, 0) == 0 && fstatat(proc, "1/exe", &program, 0) == 0 &&
           !same(&root, &start->root) && !same(&program, &start->program);
}

static bool is_systemd(int proc)
{
    char path[256] = "";
    (void)!readlinkat(proc, "1/exe", path, sizeof(path) - 1); /* no link, no systemd */
    const char *slash = strrchr(path, '/');
    return slash && strcmp(slash, "/systemd") == 0;
}

/* "starting", "offline" and no answer at all mean that it was asked too early. */
static const char *settled(const char *word)
{
    static const char *const words[] = {"running", "degraded", "maintenance", "stopping"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(word, words[i]) == 0)
            return words[i];
    return NULL;
}

/* Asks systemctl, once at a time; NULL while there is no answer. */
static const char *ask(const struct guest *guest, struct question *question)
{
    if (question->pid == 0) {
        int answer[2];
        if (pipe2(answer, O_CLOEXEC) < 0)
            return NULL;
        auto_fd write_end = answer[1];
        question->answer = answer[0];
        pid_t pid = serve_start(guest, "exec systemctl is-system-running --wait 2>/dev/null",
                                write_end, write_end);
        question->pid = pid > 0 ? pid : 0;
    }
    if (question->pid == 0 || waitpid(question->pid, NULL, WNOHANG) != question->pid)
        return NULL;
    char word[32] = "";
    (void)!read(question->answer, word, sizeof(word) - 1); /* nothing: asked too early */
    close(question->answer);
    question->pid = 0;
    word[strcspn(word, "\n")] = '\0';
    return settled(word);
}

/* How the system is up, or NULL. */
static const char *is_up(const struct guest *guest, const struct start *start,
                         struct question *question)
{
    if (!has_switched(guest->proc, start))
        return NULL;
    return is_systemd(guest->proc) ? ask(guest, question) : "init";
}

static _Noreturn void live(struct guest *guest, const struct start *start)
{
    struct question question = {0};
    (void)serve_begin(guest); /* a host that is not there yet greets by itself */
    for (;;) {
        enum wish wish;
        const char *how = guest->ready ? NULL : is_up(guest, start, &question);
        if (how)
            (void)serve_ready(guest, how); /* it is said again when the host greets */
        if (serve(guest, guest->ready ? -1 : TICK, &wish) < 0)
            tick(); /* the host has hung up; it may come back */
        if (wish != WISH_NONE)
            halt_guest(guest, wish);
    }
}

/* PID 1 waits for the hook, and goes on when everything that the switch will hide is held. */
static int go_to_background(void)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int started[2];
    if (nothing < 0 || pipe2(started, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid > 0) {
        char byte;
        close(started[1]);
        _exit(read(started[0], &byte, 1) == 1 ? 0 : 1);
    }
    setsid();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);           /* whoever reads the hook's output must see its end */
    (void)!chdir("/");               /* it always exists */
    (void)!write(started[1], "", 1); /* the parent cannot be gone */
    close(started[1]);
    return 0;
}

static _Noreturn void probe(void)
{
    (void)!write(STDOUT_FILENO, ACCEL_MARK "\n", sizeof(ACCEL_MARK)); /* the console, or nothing */
    reboot(RB_AUTOBOOT); /* QEMU runs with -no-reboot; unlike power-off, needs no driver */
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    (void)argc; /* takes none */
    if (getpid() == 1)
        probe();
    struct guest guest = {.port = open_port()};
    if (guest.port < 0)
        return 0;
    struct start start;
    guest.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (guest.proc < 0 || fstatat(guest.proc, "1/root", &start.root, 0) < 0 ||
        fstatat(guest.proc, "1/exe", &start.program, 0) < 0) {
        fprintf(stderr, "ebb-agent: cannot look at PID 1 in /proc: %s\n", strerror(errno));
        return 1;
    }
    /* systemd's sign for what must outlive a switch of roots; PID 1 of Ebb heeds it too. */
    argv[0][0] = '@';
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (go_to_background() < 0) {
        fprintf(stderr, "ebb-agent: cannot go to the background: %s\n", strerror(errno));
        return 1;
    }
    live(&guest, &start);
}
