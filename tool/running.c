#include "tool/running.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/run.h"
#include "generations/identity.h"
#include "tool/declared.h"
#include "tool/name.h"

enum { BETWEEN = 100 /* milliseconds, of what a counter tells */ };

int running_open(struct arena *arena, struct target root, struct running *running,
                 struct error *error)
{
    *running = (struct running){.arena = arena, .root = root, .lock = -1};
    int code = booted_read(arena, root, &running->booted, error);
    if (code < 0)
        return code;
    running->lock = path_open_in_root(root.fd, "/run/ebb", O_RDONLY | O_DIRECTORY);
    if (running->lock < 0 || flock(running->lock, LOCK_EX) < 0)
        return error_system(error, errno, "cannot lock \"%s/run/ebb\"", root.name);
    return 0;
}

void running_close(const struct running *running)
{
    if (running->lock >= 0)
        close(running->lock);
    for (size_t i = 0; running->context && i < running->context->config->volume_count; i++)
        if (running->context->states[i].fd >= 0)
            close(running->context->states[i].fd);
}

int running_context(struct running *running, const struct config *config,
                    const struct persist_entry *entry, struct error *error)
{
    struct arena *arena = running->arena;
    struct context *context = context_new(arena, config, "/run/ebb/volumes", running->root.name);
    running->context = context;
    context->root.fd = running->root.fd;
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        struct volume_state *state = context_volume(context, volume);
        char identity[IDENTITY_SIZE];
        if (!volume->holds_state)
            continue;
        state->fd = declared_place(arena, running->root, volume, error);
        if (state->fd >= 0 && identity_read(state->fd, identity, error) == 0)
            state->identity = arena_string(arena, identity);
        else if (volume == entry->store->volume)
            return -error->code;
    }
    return 0;
}

void running_write_back(void)
{
    static const char *const restart[] = {"systemctl", "restart", "ebb-write-back.service", NULL};
    const struct run run = {.arguments = restart, .package = "systemd"};
    struct error error;
    int code = access("/run/systemd/system", F_OK) == 0
                   ? run_program(&run, NULL, &error)
                   : error_set(&error, ENOENT, "systemd does not run here");
    if (code < 0)
        log_warning("`ebb write-back --watch` has to be begun again, and could not be: %s",
                    error.text);
}

/* Whether the next boot takes the file away: it lies in the root itself. */
static bool is_lost(const struct running *running, const struct config *config, const char *file)
{
    struct stat root, status;
    if (fstat(running->root.fd, &root) < 0 || stat(file, &status) < 0 ||
        root.st_dev != status.st_dev)
        return false;
    for (size_t i = 0; i < config->entry_count; i++)
        if (strcmp(config->entries[i]->target, file) == 0)
            return false;
    return true;
}

void running_tell(const struct running *running, const struct config *config,
                  const struct edit *edit)
{
    const char *file = edit->file->real;
    if (is_lost(running, config, file))
        log_warning("\"%s\" lies in the root, so that the next boot takes the change away; change "
                    "it in the generation, too, or keep the file",
                    file);
    log_info("the image holds the configuration as it was; make it anew with `ebb build`");
}

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

struct amount running_amount(const struct live *live)
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
    fprintf(stderr, "\r\033[Kcopying ");
    name_print(counter->what, true, stderr);
    fprintf(stderr, ": %ju of %ju files, %s", (uintmax_t)files, (uintmax_t)counter->whole.files,
            name_size(bytes).text);
    fprintf(stderr, " of %s", name_size(counter->whole.bytes).text);
}

struct copy_progress *counter_begin(struct counter *counter, const char *what, struct amount whole)
{
    *counter = (struct counter){{tell}, whole, clock_milliseconds(), what};
    return isatty(STDERR_FILENO) ? &counter->progress : NULL;
}

void counter_end(const struct counter *counter)
{
    if (counter->progress.tell && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
