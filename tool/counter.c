#include "tool/counter.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tool/name.h"

enum { BETWEEN = 100 /* milliseconds, of what is told */ };

static void count_folder(int parent, const char *name, dev_t device, struct amount *amount)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    struct stat status;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(status.st_mode)) {
            if (status.st_dev == device)
                count_folder(fd, entry->d_name, device, amount);
            continue;
        }
        amount->files++;
        amount->bytes += S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    }
}

struct amount counter_amount(const struct live *live)
{
    struct amount amount = {1, (uint64_t)live->status.st_size};
    if (S_ISDIR(live->status.st_mode)) {
        amount = (struct amount){0};
        count_folder(live->fd, ".", live->status.st_dev, &amount);
    }
    return amount;
}

static void tell(struct copy_progress *progress, uint64_t files, uint64_t bytes)
{
    struct counter *counter = (struct counter *)progress;
    unsigned long now = clock_milliseconds();
    if (now - counter->told < BETWEEN)
        return;
    counter->told = now;
    fprintf(stderr, "\r\033[K%s%s", counter->doing, *counter->what ? " " : "");
    name_print(counter->what, true, stderr);
    if (counter->whole.files == 0) {
        fprintf(stderr, ": %ju files", (uintmax_t)files);
        return;
    }
    fprintf(stderr, ": %ju of %ju files, %s", (uintmax_t)files, (uintmax_t)counter->whole.files,
            name_size(bytes).text);
    fprintf(stderr, " of %s", name_size(counter->whole.bytes).text);
}

struct copy_progress *counter_begin(struct counter *counter, const char *doing, const char *what,
                                    struct amount whole)
{
    *counter = (struct counter){{tell}, whole, clock_milliseconds(), doing, what};
    return isatty(STDERR_FILENO) ? &counter->progress : NULL;
}

void counter_end(const struct counter *counter)
{
    if (counter->progress.tell && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
