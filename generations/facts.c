#include "generations/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>

#include "generations/marks.h"
#include "generations/store.h"

enum { FACTS_LIMIT = 1 << 20 };

static const char *text_of(struct arena *arena, struct json_object *facts, const char *key)
{
    struct json_object *value;
    if (!json_object_object_get_ex(facts, key, &value) ||
        json_object_get_type(value) != json_type_string)
        return NULL;
    return arena_string(arena, json_object_get_string(value));
}

static unsigned number_in(struct json_object *facts, const char *key)
{
    struct json_object *value;
    return json_object_object_get_ex(facts, key, &value) ? (unsigned)json_object_get_int(value) : 0;
}

static int read_json(struct arena *arena, int store, struct generation *generation,
                     struct error *error)
{
    char path[64];
    snprintf(path, sizeof(path), "%u/generation.json", generation->number);
    auto_fd fd = path_open(store, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_set(
            error, -fd,
            "the generation.json of generation %u cannot be read: %s; boot another one "
            "with ebb.generation=",
            generation->number, strerror(-fd));
    auto_string text = NULL;
    int code = path_read_fd(fd, path, FACTS_LIMIT, &text, NULL, error);
    if (code < 0)
        return code;
    struct json_object *facts = json_tokener_parse(text), *format;
    code = 0;
    if (!facts || !json_object_object_get_ex(facts, "format", &format))
        code = error_set(error, EBADMSG,
                         "the generation.json of generation %u is not whole; boot "
                         "another one with ebb.generation=",
                         generation->number);
    else if (json_object_get_int(format) != STORE_FORMAT)
        code = error_set(error, EBADMSG,
                         "generation %u has format %d, and this Ebb reads %d; rebuild "
                         "the image with a newer one",
                         generation->number, json_object_get_int(format), STORE_FORMAT);
    if (code == 0) {
        const char *label = mark_label_of(arena, store, generation->number);
        generation->label = label ? label : text_of(arena, facts, "label");
        generation->created = text_of(arena, facts, "created");
        generation->parent = number_in(facts, "parent");
        generation->init = text_of(arena, facts, "init");
    }
    json_object_put(facts);
    if (code == 0 && generation->init && path_objection(generation->init))
        return error_set(error, EBADMSG,
                         "the init \"%s\" of generation %u %s; boot another one with "
                         "ebb.generation=",
                         generation->init, generation->number, path_objection(generation->init));
    return code;
}

/* A folder, unless there is none and an image is. */
const char *facts_tree(struct arena *arena, int store, unsigned number, const char **image)
{
    const char *folder = arena_printf(arena, "%u/tree", number);
    auto_fd tree = path_open(store, folder, O_PATH);
    *image = NULL;
    for (size_t i = 0; tree == -ENOENT && tree_image_names[i]; i++) {
        const char *path = arena_printf(arena, "%s.%s", folder, tree_image_names[i]);
        auto_fd file = path_open(store, path, O_PATH);
        if (file < 0)
            continue;
        *image = tree_image_names[i];
        return path;
    }
    return folder;
}

int facts_read(struct arena *arena, int store, const char *folder, struct generation *generation,
               struct error *error)
{
    const char *tree = facts_tree(arena, store, generation->number, &generation->image);
    generation->tree = arena_printf(arena, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, tree);
    return read_json(arena, store, generation, error);
}
