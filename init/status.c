#include "init/status.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>

#include "base/clock.h"
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
 * And the paths of entries that did not come back. */
static void add_degraded(const struct context *context, const struct history *history,
                         struct json_object *status)
{
    struct json_object *names = json_object_new_array();
    for (size_t i = 0; i < context->config->volume_count; i++) {
        const struct volume *volume = context->config->volumes[i];
        if (context_volume(context, volume)->degraded)
            json_object_array_add(names, json_object_new_string(volume->name));
    }
    for (size_t i = 0; i < history->count; i++)
        if (history->outcomes[i].ignored && required_degrades(history->outcomes[i].step))
            json_object_array_add(names, json_object_new_string(history->outcomes[i].step->target));
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
    add_degraded(context, history, status);
    add_late(context, status);
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
