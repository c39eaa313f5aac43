#include "tool/boots.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "tool/declared.h"
#include "tool/verb.h"

static int open_all(struct arena *arena, struct boots *boots, struct error *error)
{
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct target target = {root, ""};
    int code = booted_read(arena, target, &boots->booted, error);
    if (code < 0)
        return code;
    boots->volume = declared_place(arena, target, boots->config->generations.place.volume, error);
    if (boots->volume < 0)
        return boots->volume;
    boots->fd = declared_record(arena, target, boots->config, error);
    return boots->fd < 0 ? boots->fd : record_read(boots->fd, &boots->record, error);
}

bool boots_open(struct arena *arena, const char *file, struct boots *boots)
{
    struct error error;
    *boots = (struct boots){.config = verb_config(file, NULL), .volume = -1, .fd = -1};
    if (!boots->config)
        return false;
    if (open_all(arena, boots, &error) == 0)
        return true;
    log_error("%s", error.text);
    boots_close(boots);
    return false;
}

void boots_close(struct boots *boots)
{
    memory_close_fd(&boots->fd);
    memory_close_fd(&boots->volume);
    config_free((struct config *)boots->config);
    boots->config = NULL;
}
