#include "vm/halt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

enum { MOUNTS_LIMIT = 1 << 20, PROCESSES = 4096, TICK = 50000000 /* ns */, PATIENCE = 200 };

static bool ask_systemd(const struct guest *guest, enum wish wish)
{
    struct stat status;
    auto_fd root = openat(guest->proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || fstatat(root, "run/systemd/system", &status, 0) < 0)
        return false;
    pid_t pid = serve_start(
        guest, wish == WISH_REBOOT ? "systemctl --no-wall reboot" : "systemctl --no-wall poweroff",
        STDERR_FILENO, STDERR_FILENO);
    int code;
    return pid > 0 && waitpid(pid, &code, 0) == pid && WIFEXITED(code) && WEXITSTATUS(code) == 0;
}

/* Zombies and the kernel's own processes have no program. */
static bool is_alive(int proc, pid_t pid)
{
    char path[32], program[2];
    snprintf(path, sizeof(path), "%d/exe", pid);
    return readlinkat(proc, path, program, sizeof(program)) > 0;
}

static size_t list_processes(int proc, pid_t pids[PROCESSES])
{
    size_t count = 0;
    int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (folder && count < PROCESSES && (entry = readdir(folder))) {
        pid_t pid = atoi(entry->d_name);
        if (pid > 1 && pid != getpid() && is_alive(proc, pid))
            pids[count++] = pid;
    }
    return count;
}

/* PID 1 is not reached by kill(-1), nor are we. It may start some of them anew, so the wait is for
 * those that were there. */
static void end_processes(int proc)
{
    static pid_t pids[PROCESSES];
    size_t count = list_processes(proc, pids);
    kill(-1, SIGTERM);
    kill(-1, SIGCONT); /* the stopped ones cannot end otherwise */
    for (int i = 0; i < PATIENCE; i++) {
        bool alive = false;
        for (size_t j = 0; j < count; j++)
            alive |= is_alive(proc, pids[j]);
        if (!alive)
            break;
        nanosleep(&(struct timespec){.tv_nsec = TICK}, NULL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
    kill(-1, SIGKILL);
}

/* mountinfo writes blanks and the like as \ooo. */
static void unescape(char *path)
{
    char *to = path;
    for (const char *at = path; *at; to++) {
        if (at[0] == '\\' && strspn(at + 1, "01234567") >= 3) {
            *to = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            at += 4;
        } else {
            *to = *at++;
        }
    }
    *to = '\0';
}

/* Through the mount points of PID 1, last ones first. Those that are still written to refuse; sync
 * has done what can be done for them. */
static void close_filesystems(const struct guest *guest)
{
    struct error error;
    auto_string table = NULL;
    if (path_read(guest->proc, "1/mountinfo", MOUNTS_LIMIT, &table, NULL, &error) < 0)
        return;
    auto_fd root = openat(guest->proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || fchdir(root) < 0 || chroot(".") < 0)
        return;
    for (char *line = table + strlen(table); line > table;) {
        *line = '\0';
        while (line > table && line[-1] != '\n')
            line--;
        char point[4096];
        if (sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1) {
            unescape(point);
            (void)mount(NULL, point, NULL, MS_REMOUNT | MS_RDONLY, NULL); /* see above */
        }
        if (line > table)
            line--;
    }
}

void halt_guest(const struct guest *guest, enum wish wish)
{
    if (ask_systemd(guest, wish))
        return;
    end_processes(guest->proc);
    sync();
    close_filesystems(guest);
    sync();
    reboot(wish == WISH_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
}
