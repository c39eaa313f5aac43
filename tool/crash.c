#include "tool/crash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/name.h"

enum {
    LOG_LIMIT = 4 << 20,
    DEEPEST = 3,              /* systemd-pstore makes folders in folders for the parts of a log */
    RESET_BY_WATCHDOG = 0x20, /* WDIOF_CARDRESET of linux/watchdog.h */
};

static const char *const places[] = {"/sys/fs/pstore", "/var/lib/systemd/pstore"};
static const char watchdogs[] = "/sys/class/watchdog";
static const char panic[] = "Kernel panic - not syncing";

/* The names of a folder that a root has; NULL: it has no such folder. */
static DIR *open_list(int folder, const char *path)
{
    int fd = path_open_in_root(folder, path, O_RDONLY | O_DIRECTORY);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !list)
        close(fd);
    return list;
}

static bool is_compressed(const char *path)
{
    size_t length = strlen(path);
    return length > 2 && strcmp(path + length - 2, ".z") == 0;
}

static void add_log(struct arena *arena, int folder, const char *path, struct crash *crash)
{
    struct stat status;
    struct error ignored; /* one that cannot be read is told by crash_print_log */
    char *text = NULL;
    auto_fd fd = path_open(folder, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return;
    bool read =
        !is_compressed(path) && path_read_fd(fd, path, LOG_LIMIT, &text, NULL, &ignored) == 0;
    *ARENA_PUSH(arena, crash->logs, crash->log_count) =
        (struct saved_log){.path = path,
                           .time = status.st_mtim.tv_sec,
                           .text = read ? arena_string(arena, text) : NULL};
    free(text);
}

static void add_logs(struct arena *arena, int root, const char *path, unsigned depth,
                     struct crash *crash)
{
    auto_dir list = open_list(root, path);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        const char *name = entry->d_name;
        const char *whole = arena_printf(arena, "%s/%s", path, name);
        if (strncmp(name, "dmesg-", 6) == 0)
            add_log(arena, root, whole, crash);
        else if (name[0] != '.' && depth < DEEPEST)
            add_logs(arena, root, whole, depth + 1, crash);
    }
}

/* The kernel numbers the parts of a log from its end on. */
static int newest_first(const void *left, const void *right)
{
    const struct saved_log *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? 1 : -1;
    return strverscmp(b->path, a->path);
}

static bool reset_by_watchdog(struct arena *arena, int root)
{
    auto_dir list = open_list(root, watchdogs);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        struct error ignored; /* most have no such file */
        auto_string text = NULL;
        const char *path = arena_printf(arena, "%s/%s/bootstatus", watchdogs, entry->d_name);
        auto_fd fd = path_open_in_root(root, path, O_RDONLY);
        if (fd >= 0 && path_read_fd(fd, path, 64, &text, NULL, &ignored) == 0 &&
            strtoul(text, NULL, 0) & RESET_BY_WATCHDOG)
            return true;
    }
    return false;
}

void crash_read(struct arena *arena, struct target root, struct crash *crash)
{
    *crash = (struct crash){.watchdog = reset_by_watchdog(arena, root.fd)};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        add_logs(arena, root.fd, places[i], 1, crash);
    if (crash->log_count)
        qsort(crash->logs, crash->log_count, sizeof(*crash->logs), newest_first);
}

/* The line of the newest panic since then; NULL: there was none. */
static const char *find_panic(struct arena *arena, const struct crash *crash, int64_t since)
{
    for (size_t i = 0; i < crash->log_count && crash->logs[i].time >= since; i++) {
        const char *text = crash->logs[i].text;
        const char *line = text ? strstr(text, panic) : NULL;
        if (line)
            return arena_copy(arena, line, strcspn(line, "\n"));
    }
    return NULL;
}

const char *crash_words(struct arena *arena, const struct crash *crash, int64_t time)
{
    static const char reset[] = "the watchdog reset the machine";
    const char *line = find_panic(arena, crash, time);
    if (line && crash->watchdog)
        return arena_printf(arena, "%s; %s", line, reset);
    return line ? line : crash->watchdog ? reset : NULL;
}

static void print_text(struct arena *arena, const char *text, FILE *out)
{
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        name_print(arena_copy(arena, text, (size_t)(end - text)), true, out);
        fputc('\n', out);
    }
}

int crash_print_log(const struct crash *crash, FILE *out, struct error *error)
{
    auto_arena arena = arena_new();
    if (!crash->log_count)
        return error_set(error, ENOENT,
                         "no kernel has saved a log here; it needs a place for it (efi-pstore, or "
                         "ramoops with its memory), \"%s\" to be mounted, and root to read it",
                         places[0]);
    for (size_t i = 0; i < crash->log_count && crash->logs[i].time == crash->logs[0].time; i++) {
        const struct saved_log *log = &crash->logs[i];
        if (!log->text)
            return error_set(error, ENOTSUP, "\"%s\" cannot be read: %s", log->path,
                             is_compressed(log->path)
                                 ? "the kernel saved it compressed, and this one cannot unpack it; "
                                   "boot that kernel"
                                 : "read it as root");
        print_text(arena, log->text, out);
    }
    return 0;
}
