#include "init/holders.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "init/processes.h"
#include "mounts/sysfs.h"

struct holders {
    const char *point;
    char *names;
    size_t size, used, count;
};

static void add(struct holders *holders, const char *text)
{
    const char *comma = holders->count++ ? ", " : "";
    if (holders->used + strlen(comma) + strlen(text) < holders->size)
        holders->used += (size_t)sprintf(holders->names + holders->used, "%s%s", comma, text);
}

static bool leads_into(int folder, const char *link, const char *point)
{
    char path[PATH_MAX];
    ssize_t length = readlinkat(folder, link, path, sizeof(path) - 1);
    path[length < 0 ? 0 : length] = '\0';
    return path_is_within(path, point);
}

/* Open files, or what is mapped. */
static bool any_leads_into(int process, const char *name, const char *point)
{
    bool found = false;
    int fd = openat(process, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *entry; !found && folder && (entry = readdir(folder));)
        found = leads_into(fd, entry->d_name, point);
    return found;
}

static void look_at_process(struct holders *holders, int all, const char *number)
{
    char command[80], text[128];
    auto_fd process = openat(all, number, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (process < 0 || !(leads_into(process, "cwd", holders->point) ||
                         leads_into(process, "root", holders->point) ||
                         leads_into(process, "exe", holders->point) ||
                         any_leads_into(process, "fd", holders->point) ||
                         any_leads_into(process, "map_files", holders->point)))
        return;
    process_command(process, command, sizeof(command));
    snprintf(text, sizeof(text), "by \"%s\" (%.20s)", command, number);
    add(holders, text);
}

static void add_loop_devices(struct holders *holders)
{
    char file[PATH_MAX], text[300];
    auto_dir devices = opendir("/sys/class/block");
    for (struct dirent *entry; devices && (entry = readdir(devices));) {
        if (!sysfs_line(file, sizeof(file), "/sys/class/block/%s/loop/backing_file",
                        entry->d_name) ||
            !path_is_within(file, holders->point))
            continue;
        snprintf(text, sizeof(text), "by the device %s", entry->d_name);
        add(holders, text);
    }
}

size_t holders_find(const char *point, char *names, size_t size)
{
    struct holders holders = {.point = point, .names = names, .size = size};
    *names = '\0';
    auto_dir processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));)
        if (isdigit((unsigned char)entry->d_name[0]))
            look_at_process(&holders, dirfd(processes), entry->d_name);
    add_loop_devices(&holders);
    return holders.count;
}
