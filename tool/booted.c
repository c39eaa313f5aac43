#include "tool/booted.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>

#include "plan/kinds.h"

static const char file[] = "/run/ebb/status.json";

enum { FORMAT = 1, LARGEST = 64 << 20, DEPTH = 8 };

/* Each of these takes what is there and of the right type, and nothing else. */
static const char *text_in(struct arena *arena, struct json_object *object, const char *key)
{
    struct json_object *value;
    return json_object_object_get_ex(object, key, &value) &&
                   json_object_is_type(value, json_type_string)
               ? arena_string(arena, json_object_get_string(value))
               : NULL;
}

static uint64_t number_in(struct json_object *object, const char *key)
{
    struct json_object *value;
    int64_t number =
        json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_int)
            ? json_object_get_int64(value)
            : 0;
    return number > 0 ? (uint64_t)number : 0;
}

static const char *path_in(struct arena *arena, struct json_object *object, const char *key)
{
    const char *path = text_in(arena, object, key);
    return path && !path_objection(path) ? path : NULL;
}

/* NULL where there is none. */
static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
    struct json_object *value;
    return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, type)
               ? value
               : NULL;
}

static size_t length_of(struct json_object *list)
{
    return list ? json_object_array_length(list) : 0;
}

static int damaged(struct error *error, const char *what)
{
    return error_set(error, EBADMSG,
                     "\"%s\" is not what PID 1 writes: %s; the next boot makes it anew", file,
                     what);
}

static int read_steps(struct arena *arena, struct json_object *status, struct booted *booted,
                      struct error *error)
{
    struct json_object *list = member(status, "steps", json_type_array);
    if (!list)
        return damaged(error, "it has no list \"steps\"");
    booted->steps = arena_alloc(arena, (length_of(list) + 1) * sizeof(*booted->steps));
    for (size_t i = 0; i < length_of(list); i++) {
        struct json_object *object = json_object_array_get_idx(list, i);
        struct booted_step *step = &booted->steps[booted->step_count++];
        if (!json_object_is_type(object, json_type_object))
            return damaged(error, "a step is no object");
        *step = (struct booted_step){.kind = text_in(arena, object, "kind"),
                                     .sentence = text_in(arena, object, "step"),
                                     .origin = text_in(arena, object, "origin"),
                                     .result = text_in(arena, object, "result"),
                                     .error = text_in(arena, object, "error"),
                                     .target = path_in(arena, object, "target"),
                                     .microseconds = number_in(object, "microseconds")};
        if (!step->kind || !step->sentence || !step->origin || !step->result)
            return damaged(error, "a step lacks its kind, sentence, origin or result");
    }
    return 0;
}

static struct booted_volume *volume_called(struct arena *arena, struct booted *booted,
                                           const char *name)
{
    for (size_t i = 0; i < booted->volume_count; i++)
        if (strcmp(booted->volumes[i].name, name) == 0)
            return &booted->volumes[i];
    struct booted_volume *volume = ARENA_PUSH(arena, booted->volumes, booted->volume_count);
    *volume = (struct booted_volume){.name = name};
    return volume;
}

static int read_volumes(struct arena *arena, struct json_object *status, struct booted *booted,
                        struct error *error)
{
    struct json_object *list = member(status, "volumes", json_type_array);
    for (size_t i = 0; i < length_of(list); i++) {
        struct json_object *object = json_object_array_get_idx(list, i);
        const char *name =
            json_object_is_type(object, json_type_object) ? text_in(arena, object, "name") : NULL;
        if (!name)
            return damaged(error, "a volume has no name");
        struct booted_volume *volume = volume_called(arena, booted, name);
        volume->device = text_in(arena, object, "device");
        volume->fs = text_in(arena, object, "fs");
        volume->place = path_in(arena, object, "place");
        volume->in_memory = json_object_get_boolean(member(object, "in_memory", json_type_boolean));
    }
    list = member(status, "degraded", json_type_array);
    for (size_t i = 0; i < length_of(list); i++) {
        struct json_object *name = json_object_array_get_idx(list, i);
        if (!json_object_is_type(name, json_type_string))
            return damaged(error, "a degraded volume has no name");
        const char *text = json_object_get_string(name);
        if (*text != '/') /* that is an entry, whose step tells */
            volume_called(arena, booted, arena_string(arena, text))->degraded = true;
    }
    return 0;
}

static int read_all(struct arena *arena, struct json_object *status, struct booted *booted,
                    struct error *error)
{
    if (!json_object_is_type(status, json_type_object))
        return damaged(error, "it is no JSON object");
    if (number_in(status, "format") != FORMAT)
        return damaged(error, "its format is not 1");
    const char *result = text_in(arena, status, "result");
    if (!result || (strcmp(result, "done") != 0 && strcmp(result, "failed") != 0))
        return damaged(error, "its result is neither \"done\" nor \"failed\"");
    if (strcmp(result, "failed") == 0) {
        const char *failure = text_in(arena, status, "error");
        booted->error = failure ? failure : "it is not told why";
    }
    struct json_object *root = member(status, "root", json_type_object),
                       *setbacks = member(status, "setbacks", json_type_array);
    booted->generation = (unsigned)number_in(status, "generation");
    booted->microseconds = number_in(status, "microseconds");
    booted->last_end = text_in(arena, status, "last_end");
    struct json_object *made = root ? member(root, "made", json_type_object) : NULL;
    if (made)
        booted->made =
            (struct moment){(int64_t)number_in(made, "wall"), (int64_t)number_in(made, "kernel")};
    if (root) {
        booted->root = text_in(arena, root, "type");
        booted->tree = path_in(arena, root, "tree");
        booted->image = path_in(arena, root, "image");
        booted->upper = path_in(arena, root, "upper");
    }
    for (size_t i = 0; i < length_of(setbacks); i++) {
        struct json_object *text = json_object_array_get_idx(setbacks, i);
        if (json_object_is_type(text, json_type_string))
            *ARENA_PUSH(arena, booted->setbacks, booted->setback_count) =
                arena_string(arena, json_object_get_string(text));
    }
    int code = read_volumes(arena, status, booted, error);
    return code < 0 ? code : read_steps(arena, status, booted, error);
}

int booted_read(struct arena *arena, struct target root, struct booted *booted, struct error *error)
{
    auto_fd fd = path_open_in_root(root.fd, file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd == -ENOENT)
        return error_set(error, ENOENT, "this system was not booted by Ebb: there is no \"%s%s\"",
                         root.name, file);
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s%s\"", root.name, file);
    auto_string text = NULL;
    size_t length;
    int code = path_read_fd(fd, file, LARGEST, &text, &length, error);
    if (code < 0)
        return code;
    struct booted found = {.text = arena_copy(arena, text, length)};
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
    if (!tokener)
        memory_exhausted();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *status = json_tokener_parse_ex(tokener, text, (int)length);
    size_t end = json_tokener_get_parse_end(tokener);
    bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
                 strspn(text + end, " \n") == length - end;
    code = whole ? read_all(arena, status, &found, error) : damaged(error, "it is no JSON");
    json_object_put(status);
    json_tokener_free(tokener);
    if (code == 0)
        *booted = found;
    return code;
}

bool booted_in_memory(const struct booted *booted, const char *volume)
{
    for (size_t i = 0; i < booted->volume_count; i++)
        if (strcmp(booted->volumes[i].name, volume) == 0)
            return booted->volumes[i].in_memory;
    return false;
}

/* Every other step with a path of its own is a persist entry, by whichever method. */
static bool is_entry(const char *kind)
{
    return strcmp(kind, "root") != 0 && strcmp(kind, "place") != 0;
}

bool booted_is_entry(const struct booted_step *step)
{
    return step->target && is_entry(step->kind);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static struct json_object *new_step(struct arena *arena, const struct step *step)
{
    struct json_object *object = json_object_new_object();
    add_text(object, "kind", step_kinds[step->kind].name);
    add_text(object, "step", step_sentence(arena, step));
    add_text(object, "origin", origin_line(arena, step->origin));
    add_text(object, "result", "done");
    add_text(object, "target", step->target);
    json_object_object_add(object, "microseconds", json_object_new_int(0));
    return object;
}

int booted_change(struct target root, const char *target, const struct step *step,
                  struct error *error)
{
    auto_arena arena = arena_new();
    struct booted booted = {0};
    int code = booted_read(arena, root, &booted, error);
    if (code < 0)
        return code;
    struct json_object *status = json_tokener_parse(booted.text), *list;
    if (!status || !(list = member(status, "steps", json_type_array)))
        memory_exhausted(); /* it was read a moment ago */
    for (size_t i = length_of(list); i-- > 0;) {
        struct json_object *object = json_object_array_get_idx(list, i);
        const char *kind = text_in(arena, object, "kind"), *path = text_in(arena, object, "target");
        if (kind && path && is_entry(kind) && strcmp(path, target) == 0)
            json_object_array_del_idx(list, i, 1);
    }
    if (step)
        json_object_array_add(list, new_step(arena, step));
    const char *text = json_object_to_json_string_ext(status, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    code = path_write(root.fd, file, text, strlen(text), 0644, error);
    json_object_put(status);
    return code;
}
