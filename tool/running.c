#include "tool/running.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "base/run.h"
#include "generations/identity.h"
#include "mounts/damaged.h"
#include "tool/declared.h"

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
    if (booted_in_memory(&running->booted, entry->store->volume_name))
        return error_set(error, EROFS, DAMAGED_SENTENCE "; have it repaired, and boot again",
                         entry->store->volume_name);
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
