#include "tool/secrets_place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tool/declared.h"

struct context *places_new(struct arena *arena, const struct config *config, struct target root)
{
    struct context *context = context_new(arena, config, "/run/ebb/volumes", root.name);
    context->root.fd = root.fd;
    return context;
}

void places_close(const struct context *context)
{
    for (size_t i = 0; i < context->config->volume_count; i++)
        if (context->states[i].fd >= 0)
            close(context->states[i].fd);
}

int places_map(struct context *context, const char *text, struct error *error)
{
    const char *equals = strchr(text, '=');
    const char *name = equals ? arena_copy(context->arena, text, (size_t)(equals - text)) : text;
    const struct volume *volume = config_volume(context->config, name);
    if (!equals || !volume)
        return error_set(error, EINVAL, "\"%s\" is not VOLUME=FOLDER, with a declared volume",
                         text);
    struct volume_state *state = context_volume(context, volume);
    if (state->fd >= 0)
        return error_set(error, EINVAL, "the volume \"%s\" is given twice", name);
    state->fd = open(equals + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return state->fd < 0 ? error_system(error, errno, "cannot open the folder \"%s\"", equals + 1)
                         : 0;
}

int places_volume(struct context *context, const struct volume *volume, struct error *error)
{
    if (!volume)
        return 0; /* the tree, which is the running root here */
    struct volume_state *state = context_volume(context, volume);
    int fd = state->fd;
    if (fd < 0)
        fd = declared_place(context->arena, context->root, volume, error);
    if (fd < 0)
        return fd;
    state->fd = fd;
    return 0;
}

int places_open(struct context *context, const struct place *place, int flags, struct error *error)
{
    int code = places_volume(context, place->volume, error);
    if (code < 0)
        return code;
    int fd = context_open(context, place, flags | O_NONBLOCK | O_NOCTTY);
    return fd < 0
               ? error_system(error, -fd, "cannot open \"%s\"", place_text(context->arena, place))
               : fd;
}
