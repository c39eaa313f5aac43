#include "init/status.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>

#include "base/clock.h"
#include "generations/attempt.h"
#include "hooks/run.h"
#include "mounts/image.h"
#include "persist/required.h"
#include "plan/kinds.h"

static struct json_object *step_object(struct arena *arena, const struct outcome *outcome)
{
    struct json_object *object = json_object_new_object();
    const struct step *step = outcome->step;
    json_object_object_add(object, "kind", json_object_new_string(step_kinds[step->kind].name));
    json_object_object_add(object, "step", json_object_new_string(outcome->sentence));
    json_object_object_add(object, "origin",
                           json_object_new_string(origin_line(arena, step->origin)));
    if (step->target)
        json_object_object_add(object, "target", json_object_new_string(step->target));
    json_object_object_add(object, "result",
                           json_object_new_string(!outcome->failure  ? "done"
                                                  : outcome->ignored ? "ignored"
                                                                     : "failed"));
    if (outcome->failure)
        json_object_object_add(object, "error", json_object_new_string(outcome->failure));
    json_object_object_add(object, "microseconds",
                           json_object_new_int64((int64_t)outcome->microseconds));
    return object;
}

/* Volumes that work without some of their devices: somebody should know before the next one goes.
 * Those that nothing is kept on. The paths of entries that did not come back, and hooks. */
static void add_degraded(const struct context *context, const struct history *history,
                         struct json_object *status)
{
    struct json_object *names = json_object_new_array();
    for (size_t i = 0; i < context->config->volume_count; i++) {
        const struct volume *volume = context->config->volumes[i];
        const struct volume_state *state = context_volume(context, volume);
        if (state->degraded || state->in_memory)
            json_object_array_add(names, json_object_new_string(volume->name));
    }
    for (size_t i = 0; i < history->count; i++) {
        const struct step *step = history->outcomes[i].step;
        if (history->outcomes[i].ignored && required_degrades(step))
            json_object_array_add(names, json_object_new_string(step->target));
        if (history->outcomes[i].ignored && hook_degrades(step))
            json_object_array_add(names, json_object_new_string(step->hook->path));
    }
    json_object_object_add(status, "degraded", names);
}

/* Paths that are closed until systemd-tmpfiles gives them to their owner. */
static void add_late(const struct context *context, struct json_object *status)
{
    struct json_object *paths = json_object_new_array();
    for (size_t i = 0; i < context->late_count; i++)
        json_object_array_add(paths, json_object_new_string(context->late[i]));
    json_object_object_add(status, "late", paths);
}

static void add_volumes(const struct context *context, struct json_object *status)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < context->config->volume_count; i++) {
        const struct volume *volume = context->config->volumes[i];
        const struct volume_state *state = context_volume(context, volume);
        if (state->fd < 0)
            continue; /* a container, or one that did not come */
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "name", json_object_new_string(volume->name));
        json_object_object_add(object, "device", json_object_new_string(state->device));
        if (volume->fs.type)
            json_object_object_add(object, "fs", json_object_new_string(volume->fs.type));
        json_object_object_add(object, "place",
                               json_object_new_string(context_place(context, volume)));
        if (state->in_memory)
            json_object_object_add(object, "in_memory", json_object_new_boolean(true));
        json_object_array_add(list, object);
    }
    json_object_object_add(status, "volumes", list);
}

/* What the root is made of: with this, what was changed in it since can be told. */
static void add_root(const struct context *context, struct json_object *status)
{
    struct json_object *root = json_object_new_object();
    const struct generation *generation = context->generation;
    const struct volume *volume = context->config->generations.place.volume;
    int kind = context->config->root.kind;
    json_object_object_add(root, "type", json_object_new_string(root_kind_names[kind]));
    if (generation && generation->tree && volume)
        json_object_object_add(
            root, generation->image ? "image" : "tree",
            json_object_new_string(arena_printf(context->arena, "%s%s",
                                                context_place(context, volume), generation->tree)));
    if (generation && generation->image)
        json_object_object_add(root, "tree", json_object_new_string(image_place(context)));
    if (kind == ROOT_OVERLAY)
        json_object_object_add(root, "upper",
                               json_object_new_string(arena_printf(
                                   context->arena, "%s/.layer/upper", context->volumes)));
    if (!context->root_kept) { /* else there is more in it than this boot has made */
        struct json_object *made = json_object_new_object();
        struct moment now = clock_moment();
        json_object_object_add(made, "wall", json_object_new_int64(now.wall));
        json_object_object_add(made, "kernel", json_object_new_int64(now.kernel));
        json_object_object_add(root, "made", made);
    }
    json_object_object_add(status, "root", root);
}

int status_write(const char *path, const struct context *context, const struct history *history,
                 unsigned long start, const char *failure, struct error *error)
{
    struct json_object *status = json_object_new_object(), *steps = json_object_new_array(),
                       *setbacks = json_object_new_array();
    for (size_t i = 0; i < history->setback_count; i++)
        json_object_array_add(setbacks, json_object_new_string(history->setbacks[i]));
    for (size_t i = 0; i < history->count; i++)
        json_object_array_add(steps, step_object(history->arena, &history->outcomes[i]));
    json_object_object_add(status, "format", json_object_new_int(1));
    json_object_object_add(status, "result", json_object_new_string(failure ? "failed" : "done"));
    if (failure)
        json_object_object_add(status, "error", json_object_new_string(failure));
    if (context->generation)
        json_object_object_add(status, "generation",
                               json_object_new_int64(context->generation->number));
    add_root(context, status);
    add_volumes(context, status);
    add_degraded(context, history, status);
    add_late(context, status);
    const char *end = attempt_last_end(context);
    if (end)
        json_object_object_add(status, "last_end", json_object_new_string(end));
    json_object_object_add(status, "microseconds",
                           json_object_new_int64((int64_t)(clock_microseconds() - start)));
    json_object_object_add(status, "setbacks", setbacks);
    json_object_object_add(status, "steps", steps);
    const char *text = json_object_to_json_string_ext(status, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    int code = path_write(AT_FDCWD, path, text, strlen(text), 0644, error);
    json_object_put(status);
    return code;
}
