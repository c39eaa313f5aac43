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

static struct json_object *item_object(const struct copied *copied)
{
    struct json_object *item = json_object_new_object();
    add_text(item, "target", copied->target);
    add_text(item, "volume", copied->volume);
    add_text(item, "place", copied->place);
    add_text(item, "path", copied->path);
    add_text(item, "identity", copied->identity);
    return item;
}

static int write_list(const char *path, const struct copies *copies, struct error *error)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < copies->count; i++)
        json_object_array_add(list, item_object(&copies->items[i]));
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "format", json_object_new_int(1));
    json_object_object_add(object, "copies", list);
    const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    int code = path_write(AT_FDCWD, path, text, strlen(text), 0644, error);
    json_object_put(object);
    return code;
}

struct copied copies_item(const struct persist_entry *entry, const struct context *context)
{
    const struct volume *volume = entry->store->volume;
    return (struct copied){
        .target = entry->target,
        .volume = volume->name,
        /* A volume with no place of its own stays where PID 1 mounted it (mounts/volume.h). */
        .place = volume->mount
                     ? volume->mount
                     : arena_printf(context->arena, "%s/%s", context->volumes, volume->name),
        .path = entry->source,
        .identity = context_volume(context, volume)->identity};
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
    struct copies copies = {0};
    if (!context->copied_count)
        return 0;
    warn_if_nobody_writes_back(context);
    for (size_t i = 0; i < context->copied_count; i++)
        *ARENA_PUSH(context->arena, copies.items, copies.count) =
            copies_item(context->copied[i], context);
    return write_list(path, &copies, error);
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

int copies_change(const char *path, const char *target, const struct copied *copied,
                  struct error *error)
{
    auto_arena arena = arena_new();
    struct copies copies = {0}, changed = {0};
    int code = copies_read(arena, path, &copies, error);
    if (code < 0 && code != -ENOENT)
        return code;
    for (size_t i = 0; i < copies.count; i++)
        if (strcmp(copies.items[i].target, target) != 0)
            *ARENA_PUSH(arena, changed.items, changed.count) = copies.items[i];
    if (copied)
        *ARENA_PUSH(arena, changed.items, changed.count) = *copied;
    return write_list(path, &changed, error);
}
