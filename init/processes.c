#include "init/processes.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "mounts/sysfs.h"

enum { ROUNDS = 50, PAUSE = 100 * 1000 /* microseconds between two of them */ };

void process_command(int process, char *command, size_t size)
{
    auto_fd fd = openat(process, "cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, command, size - 1);
    while (length > 0 && command[length - 1] == '\0')
        length--;
    command[length < 0 ? 0 : length] = '\0';
    for (ssize_t i = 0; i < length; i++)
        if (!isprint((unsigned char)command[i]))
            command[i] = command[i] ? '?' : ' ';
}

/* Kernel threads have no command line, and neither have those that have ended; a storage daemon
 * that must live on marks its own with "@", the convention that systemd keeps too (its
 * ROOT_STORAGE_DAEMONS document), but for root alone. */
static bool survives(const char *process)
{
    char path[300], line[64] = "";
    struct stat status;
    snprintf(path, sizeof(path), "/proc/%s", process);
    bool known = stat(path, &status) == 0; /* the owner of what is in it may be root for others */
    snprintf(path, sizeof(path), "/proc/%s/cmdline", process);
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    return !known || fd < 0 || read(fd, line, sizeof(line) - 1) <= 0 ||
           (line[0] == '@' && status.st_uid == 0);
}

/* 0: it has ended, or it is the first. */
static pid_t parent_of(pid_t process)
{
    char line[128];
    const char *name_end =
        sysfs_line(line, sizeof(line), "/proc/%d/stat", process) ? strrchr(line, ')') : NULL;
    return name_end && strlen(name_end) > 4 ? atoi(name_end + 4) : 0;
}

/* Such as the script that an init runs at its end: without it, that init would go on at once. */
static bool waits_for_us(pid_t process)
{
    pid_t ancestor = getppid();
    while (ancestor > 1 && ancestor != process)
        ancestor = parent_of(ancestor);
    return ancestor == process;
}

static void tell(const char *process, const char *why)
{
    char path[300], command[80] = "?";
    snprintf(path, sizeof(path), "/proc/%s", process);
    auto_fd folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0)
        process_command(folder, command, sizeof(command));
    log_info("ending \"%s\" (%s), %s", command, process, why);
}

/* How many there are; `why` is NULL where they were told of before. */
static unsigned kill_all(const char *why)
{
    unsigned count = 0;
    auto_dir processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        int number = atoi(entry->d_name);
        if (!isdigit((unsigned char)entry->d_name[0]) || number <= 1 || number == getpid() ||
            waits_for_us(number) || survives(entry->d_name))
            continue;
        count++;
        if (why)
            tell(entry->d_name, why);
        (void)kill(number, SIGKILL); /* it may have ended just now */
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    return count;
}

void processes_end(const char *why)
{
    for (unsigned round = 0; round < ROUNDS && kill_all(round ? NULL : why); round++)
        (void)usleep(PAUSE); /* cut short, it looks once more */
}
