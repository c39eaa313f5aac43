#include "tool/secrets_status.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "base/path.h"

enum { LARGEST = 4 << 20 };

static const char file[] = "secrets.d/.status.json";

/* NULL: there is no such text. */
static const char *text_of(struct arena *arena, struct json_object *object, const char *key)
{
    struct json_object *value;
    bool found = json_object_is_type(object, json_type_object) &&
                 json_object_object_get_ex(object, key, &value) &&
                 json_object_is_type(value, json_type_string);
    return found ? arena_string(arena, json_object_get_string(value)) : NULL;
}

static bool read_item(struct arena *arena, struct json_object *object,
                      struct secrets_status *status)
{
    struct json_object *early;
    struct secret_status item = {.name = text_of(arena, object, "name"),
                                 .fault = text_of(arena, object, "fault"),
                                 .path = text_of(arena, object, "path")};
    if (!item.name || !item.fault)
        return false;
    item.early =
        json_object_object_get_ex(object, "early", &early) && json_object_get_boolean(early);
    *ARENA_PUSH(arena, status->items, status->count) = item;
    return true;
}

static bool read_whole(struct arena *arena, struct json_object *whole,
                       struct secrets_status *status)
{
    struct json_object *format, *set, *list;
    if (!json_object_is_type(whole, json_type_object) ||
        !json_object_object_get_ex(whole, "format", &format) || json_object_get_int(format) != 1 ||
        !json_object_object_get_ex(whole, "set", &set) || json_object_get_int64(set) < 1 ||
        json_object_get_int64(set) > INT_MAX ||
        !json_object_object_get_ex(whole, "secrets", &list) ||
        !json_object_is_type(list, json_type_array))
        return false;
    status->set = (unsigned)json_object_get_int64(set);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (!read_item(arena, json_object_array_get_idx(list, i), status))
            return false;
    return true;
}

int secrets_status_read(struct arena *arena, int run, struct secrets_status *status,
                        struct error *error)
{
    auto_string text = NULL;
    *status = (struct secrets_status){0};
    auto_fd fd = path_open(run, file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"/run/%s\"", file);
    int code = path_read_fd(fd, file, LARGEST, &text, NULL, error);
    if (code < 0)
        return code;
    struct json_object *whole = json_tokener_parse(text);
    bool good = read_whole(arena, whole, status);
    json_object_put(whole);
    if (good)
        return 0;
    *status = (struct secrets_status){0};
    return error_set(error, EBADMSG,
                     "\"/run/%s\" is not as Ebb writes it; what became of the secrets is not "
                     "known until the next boot",
                     file);
}

const struct secret_status *secrets_status_find(const struct secrets_status *status,
                                                const char *name)
{
    for (size_t i = 0; i < status->count; i++)
        if (strcmp(status->items[i].name, name) == 0)
            return &status->items[i];
    return NULL;
}
