#include "plan/context.h"

#include <fcntl.h>
#include <sys/wait.h>

struct context *context_new(struct arena *arena, const struct config *config, const char *volumes,
                            const char *root)
{
    struct context *context = arena_alloc(arena, sizeof(*context));
    context->arena = arena;
    context->config = config;
    context->tree = -1;
    context->root = (struct target){-1, root};
    context->volumes = volumes;
    context->secret_set = 1;
    context->minders = arena_alloc(arena, sizeof(*context->minders));
    context->states = arena_alloc(arena, (config->volume_count + 1) * sizeof(*context->states));
    for (size_t i = 0; i < config->volume_count; i++)
        context->states[i].fd = -1;
    return context;
}

bool context_has_background(const struct context *context)
{
    struct minders *minders = context->minders;
    for (size_t i = minders->count; i-- > 0;)
        if (waitpid(minders->list[i], NULL, WNOHANG) != 0)
            minders->list[i] = minders->list[--minders->count];
    return minders->count > 0;
}

struct volume_state *context_volume(const struct context *context, const struct volume *volume)
{
    return &context->states[volume->number];
}

const char *context_place(const struct context *context, const struct volume *volume)
{
    return volume->mount ? volume->mount
                         : arena_printf(context->arena, "%s/%s", context->volumes, volume->name);
}

void context_wait(struct context *context, bool waits)
{
    if (context->is_waiting == waits)
        return;
    context->is_waiting = waits;
    if (context->waits)
        context->waits(context);
}

int context_tree(const struct context *context)
{
    if (!context->generation || (!context->generation->tree && context->tree < 0))
        return path_open(context->root.fd, ".", O_PATH | O_DIRECTORY);
    if (context->tree >= 0)
        return path_open(context->tree, ".", O_PATH | O_DIRECTORY);
    const struct volume *volume = context->config->generations.place.volume;
    return path_open(context_volume(context, volume)->fd, context->generation->tree,
                     O_PATH | O_DIRECTORY);
}

int context_open(const struct context *context, const struct place *place, int flags)
{
    if (place->volume_name)
        return path_open(context_volume(context, place->volume)->fd, place->path, flags);
    auto_fd tree = context_tree(context);
    return tree < 0 ? tree : path_open_in_root(tree, place->path, flags);
}
