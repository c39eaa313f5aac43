#include "tool/in_use.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

enum { NAMED = 8 }; /* of more, the number is told */

/* Whether the link of a process leads into the path. */
static bool leads_into(int process, const char *link, const char *path, dev_t device)
{
    char place[PATH_MAX];
    struct stat status;
    ssize_t length = readlinkat(process, link, place, sizeof(place) - 1);
    if (length <= 0)
        return false;
    place[length] = '\0';
    return path_is_within(place, path) && fstatat(process, link, &status, 0) == 0 &&
           status.st_dev == device;
}

static bool uses(int process, const char *path, dev_t device)
{
    if (leads_into(process, "cwd", path, device) || leads_into(process, "root", path, device) ||
        leads_into(process, "exe", path, device))
        return true;
    int open = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = open < 0 ? NULL : fdopendir(open);
    if (!folder)
        return false; /* it ended, or is somebody else's */
    for (struct dirent *entry; (entry = readdir(folder));)
        if (isdigit((unsigned char)*entry->d_name) &&
            leads_into(dirfd(folder), entry->d_name, path, device))
            return true;
    return false;
}

static const char *name_of(struct arena *arena, int process, const char *number)
{
    struct error ignored;
    auto_string name = NULL;
    if (path_read(process, "comm", NAME_MAX, &name, NULL, &ignored) < 0)
        return number;
    name[strcspn(name, "\n")] = '\0';
    for (char *at = name; *at; at++) /* a program may call itself anything */
        if (!isprint((unsigned char)*at))
            *at = '?';
    return arena_printf(arena, "%s (%s)", name, number);
}

const char *in_use(struct arena *arena, const char *path, dev_t device)
{
    const char *names = NULL;
    size_t count = 0;
    auto_dir processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        if (!isdigit((unsigned char)*entry->d_name) || atoi(entry->d_name) == getpid())
            continue;
        auto_fd process =
            openat(dirfd(processes), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (process < 0 || !uses(process, path, device) || count++ >= NAMED)
            continue;
        names = arena_printf(arena, "%s%s%s", names ? names : "", names ? ", " : "",
                             name_of(arena, process, entry->d_name));
    }
    return count > NAMED ? arena_printf(arena, "%s and %zu more", names, count - NAMED) : names;
}
