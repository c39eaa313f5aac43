#include "plan/account.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAP_LIMIT = 1 << 20 };

/* Opens what persists at `path` of the running system, on its volume; -ENOENT: nothing does. */
static int open_persisted(const struct context *context, const char *path)
{
    const struct persist_entry *nearest = NULL;
    for (size_t i = 0; i < context->config->entry_count; i++) {
        const struct persist_entry *entry = context->config->entries[i];
        if (path_is_within(path, entry->target) &&
            (!nearest || strlen(entry->target) > strlen(nearest->target)))
            nearest = entry;
    }
    char source[2 * PATH_MAX];
    if (!nearest)
        return -ENOENT;
    snprintf(source, sizeof(source), "%s%s", nearest->source, path + strlen(nearest->target));
    return path_open(context_volume(context, nearest->store->volume)->fd, source,
                     O_RDONLY | O_NOCTTY | O_NONBLOCK);
}

/* NixOS keeps the numbers that it gave: {"alice": 1000}. */
static bool find_in_map(const struct context *context, const char *map, const char *name,
                        unsigned *number)
{
    struct error error;
    auto_string text = NULL;
    auto_fd fd = open_persisted(context, map);
    if (fd < 0 || path_read_fd(fd, map, MAP_LIMIT, &text, NULL, &error) < 0)
        return false;
    struct json_object *object = json_tokener_parse(text), *value;
    bool found = json_object_is_type(object, json_type_object) &&
                 json_object_object_get_ex(object, name, &value) &&
                 json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0 &&
                 json_object_get_int64(value) < UINT_MAX;
    if (found)
        *number = (unsigned)json_object_get_int64(value);
    json_object_put(object);
    return found;
}

/* In a database of the system; why there is nothing in one of them does not matter to the next. */
bool account_find(const struct context *context, bool is_user, const char *name,
                  struct account *account)
{
    struct error ignored;
    const char *file = is_user ? "/etc/passwd" : "/etc/group";
    int (*look_up)(int root, const char *user, struct account *found, struct error *error) =
        is_user ? owner_user : owner_group;
    auto_fd tree = context_tree(context);
    if (tree >= 0 && look_up(tree, name, account, &ignored) == 0)
        return true;
    if (look_up(context->root.fd, name, account, &ignored) == 0)
        return true;
    auto_fd kept = open_persisted(context, file);
    return kept >= 0 && owner_find(kept, file, name, account, &ignored) == 0;
}

bool account_number(const struct context *context, bool is_user, const char *name, unsigned *number)
{
    struct account account;
    char *end;
    unsigned long value = strtoul(name, &end, 10);
    if (!*end) {
        *number = (unsigned)value; /* the configuration allows nothing but digits here */
        return true;
    }
    if (!account_find(context, is_user, name, &account))
        return find_in_map(context, is_user ? "/var/lib/nixos/uid-map" : "/var/lib/nixos/gid-map",
                           name, number);
    *number = account.number;
    return true;
}
