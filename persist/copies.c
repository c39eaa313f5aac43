#include "persist/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"

static void add_text(struct json_object *object, const char *key, const char *value)
{
    json_object_object_add(object, key, json_object_new_string(value));
}

static struct json_object *item_object(const struct context *context,
                                       const struct persist_entry *entry)
{
    struct json_object *item = json_object_new_object();
    const struct volume *volume = entry->store->volume;
    char place[PATH_MAX];
    /* A volume with no place of its own stays where PID 1 mounted it (mounts/volume.h). */
    snprintf(place, sizeof(place), "%s/%s", context->volumes, volume->name);
    add_text(item, "target", entry->target);
    add_text(item, "volume", volume->name);
    add_text(item, "place", volume->mount ? volume->mount : place);
    add_text(item, "path", entry->source);
    add_text(item, "identity", context_volume(context, volume)->identity);
    return item;
}

/* Whoever does not install Ebb in the generation would hear of it when the first change is lost. */
static void warn_if_nobody_writes_back(const struct context *context)
{
    static const char *const places[] = {
        "/usr/bin/ebb", "/usr/local/bin/ebb", "/usr/sbin/ebb",
        "/nix/store", /* where programs have no fixed place */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        auto_fd fd = path_open_in_root(context->root.fd, places[i], O_PATH);
        if (fd >= 0)
            return;
    }
    log_warning("the generation has no `ebb`, so what changes in \"%s\" and other copied files is "
                "lost at the next boot; install Ebb there",
                context->copied[0]->target);
}

int copies_write(const char *path, const struct context *context, struct error *error)
{
    struct json_object *list = json_object_new_array();
    if (context->copied_count)
        warn_if_nobody_writes_back(context);
    for (size_t i = 0; i < context->copied_count; i++)
        json_object_array_add(list, item_object(context, context->copied[i]));
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "format", json_object_new_int(1));
    json_object_object_add(object, "copies", list);
    const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    int code =
        context->copied_count ? path_write(AT_FDCWD, path, text, strlen(text), 0644, error) : 0;
    json_object_put(object);
    return code;
}

/* "" if it is missing. */
static const char *read_text(struct arena *arena, struct json_object *item, const char *key)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(item, key, &value) ||
        !json_object_is_type(value, json_type_string))
        return "";
    return arena_string(arena, json_object_get_string(value));
}

static bool read_item(struct arena *arena, struct json_object *item, struct copied *copied)
{
    *copied = (struct copied){
        .target = read_text(arena, item, "target"),
        .volume = read_text(arena, item, "volume"),
        .place = read_text(arena, item, "place"),
        .path = read_text(arena, item, "path"),
        .identity = read_text(arena, item, "identity"),
    };
    return !path_objection(copied->target) && !path_objection(copied->place) &&
           !path_objection(copied->path) && *copied->identity;
}

static bool read_list(struct arena *arena, const char *text, struct copies *copies)
{
    struct json_object *object = json_tokener_parse(text), *value = NULL, *list = NULL;
    bool good = json_object_object_get_ex(object, "format", &value) &&
                json_object_get_int(value) == 1 &&
                json_object_object_get_ex(object, "copies", &list) &&
                json_object_is_type(list, json_type_array);
    for (size_t i = 0; good && i < json_object_array_length(list); i++)
        good = read_item(arena, json_object_array_get_idx(list, i),
                         ARENA_PUSH(arena, copies->items, copies->count));
    json_object_put(object);
    return good;
}

int copies_read(struct arena *arena, const char *path, struct copies *copies, struct error *error)
{
    struct copies read = {0};
    auto_string text = NULL;
    int code = path_read(AT_FDCWD, path, 64 << 20, &text, NULL, error);
    if (code < 0)
        return code;
    if (!read_list(arena, text, &read))
        return error_set(error, EBADMSG, "\"%s\" is not the list that this version of Ebb writes",
                         path);
    *copies = read;
    return 0;
}
