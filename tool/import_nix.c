/* The evaluated JSON of two NixOS modules: an object of stores, which hold directories and files of
 * the system and of users. The fields and their defaults are those of the modules. */
#include <errno.h>
#include <string.h>

#include "tool/import_fields.h"

static const char *const store_keys[] = {"persistentStoragePath",
                                         "directories",
                                         "files",
                                         "users",
                                         "hideMounts",
                                         "allowTrash",
                                         "enable",
                                         "enableWarnings",
                                         "enableDebugging",
                                         "commonMountOptions",
                                         NULL};
static const char *const user_keys[] = {"persistentStoragePath",
                                        "directories",
                                        "files",
                                        "home",
                                        "hideMounts",
                                        "allowTrash",
                                        "enableDebugging",
                                        "defaultPerms",
                                        "username",
                                        "commonMountOptions",
                                        "homeMode",
                                        "homeGroup",
                                        NULL};
/* A folder on the way into a home, which the module made up for tmpfiles.d: Ebb makes its own. */
static bool is_intermediate(const struct scope *scope, struct json_object *object)
{
    struct json_object *how = json_object_object_get(object, "how");
    return scope->preservation && json_is(how, json_type_string) &&
           strcmp(json_object_get_string(how), "_intermediate") == 0;
}

/* The path in the words of Ebb, with *home NULL for one outside of the home. */
static const char *locate(const struct scope *scope, const char *path, bool whole,
                          const struct import_home **home)
{
    const char *top = scope->home ? scope->home->path : "";
    size_t length = strlen(top);
    *home = scope->home;
    if (!scope->home || !whole || *path != '/')
        return path;
    const char *clean = import_clean(scope->import->arena, path);
    if (clean && strncmp(clean, top, length) == 0 && (clean[length] == '/' || !clean[length]))
        return clean[length] ? clean + length + 1 : ".";
    *home = NULL;
    return path;
}

/* A path that stands around entries, clean, or NULL and why not. */
static const char *read_around(const struct scope *scope, const char *path, const char **wrong)
{
    *wrong = import_objection(path, strlen(path));
    const char *clean = *wrong ? NULL : import_clean(scope->import->arena, path);
    if (!*wrong && !clean)
        *wrong = "contains \"..\"; correct it";
    else if (!*wrong && *clean != '/')
        *wrong = "is relative; correct it";
    return *wrong ? NULL : clean;
}

static struct import_home *new_home(const struct scope *scope, const char *user, const char *path)
{
    struct arena *arena = scope->import->arena;
    struct import_home *home = arena_alloc(arena, sizeof(*home));
    const char *wrong = NULL, *clean = path ? read_around(scope, path, &wrong) : NULL;
    if (wrong)
        import_lose(scope->import, scope->store, user,
                    "has the home \"%s\", which %s; until then, it is where Ebb looks for it",
                    import_shown(arena, path), wrong);
    *home = (struct import_home){user, clean ? clean : import_home_path(arena, user)};
    return home;
}

/* An entry of a user may stand in the lists of the system, with its home. */
static void enter_home(struct scope *inner, struct json_object *object, const char *what)
{
    const char *path = json_text(inner, object, "home", what, NULL);
    struct json_object *parent =
        json_field(inner, object, "parentDirectory", json_type_object, what);
    if (!path || inner->home)
        return;
    const char *user = json_text(inner, parent, "user", what, NULL);
    inner->user = json_text(inner, object, "user", what, user);
    if (inner->user)
        inner->home = new_home(inner, inner->user, path);
}

/* impermanence says the home with each entry only. */
static const char *find_home(const struct scope *scope, struct json_object *user, const char *name)
{
    static const char *const lists[] = {"directories", "files"};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        struct json_object *list = json_object_object_get(user, lists[i]);
        for (size_t j = 0; json_is(list, json_type_array) && j < json_object_array_length(list);
             j++) {
            const char *path =
                json_text(scope, json_object_array_get_idx(list, j), "home", name, NULL);
            if (path)
                return path;
        }
    }
    return NULL;
}

/* What an object of impermanence says of the place of its entry, which the lists do not. */
static void enter_object(struct scope *inner, struct json_object *object, bool file,
                         const char *what)
{
    struct json_object *parent = json_field(
        inner, object, file ? "parentDirectory" : "defaultPerms", json_type_object, what);
    inner->store = json_text(inner, object, "persistentStoragePath", what, inner->store);
    enter_home(inner, object, what);
    if (!inner->group) /* that of a parent is the user's own unless told */
        inner->group = json_text(inner, parent, "group", what, NULL);
}

/* The text of an entry: itself, or that of its field; NULL if there is none. *whole: it has the
 * home in it. */
static struct json_object *find_path(const struct scope *scope, struct json_object *value,
                                     bool file, bool *whole)
{
    struct json_object *path = value;
    *whole = scope->preservation;
    if (json_is(value, json_type_object)) {
        path = scope->preservation ? NULL
                                   : json_object_object_get(value, file ? "filePath" : "dirPath");
        *whole |= path != NULL;
        path = path ? path : json_object_object_get(value, file ? "file" : "directory");
    }
    return json_is(path, json_type_string) ? path : NULL;
}

static void read_entry(const struct scope *scope, struct json_object *value, bool file,
                       size_t place)
{
    struct scope inner = *scope;
    struct arena *arena = scope->import->arena;
    bool whole;
    struct json_object *object = json_is(value, json_type_object) ? value : NULL;
    struct json_object *path = find_path(scope, value, file, &whole);
    if (object && is_intermediate(scope, object))
        return;
    if (!path) {
        const char *kind = file ? "file" : "directory";
        import_lose(scope->import, scope->store, arena_printf(arena, "%s %zu", kind, place),
                    "is neither a path nor an object with a \"%s\"; correct it", kind);
        return;
    }
    const char *text = json_object_get_string(path);
    size_t length = (size_t)json_object_get_string_len(path);
    if (object && !scope->preservation)
        enter_object(&inner, object, file, text);
    const char *wrong, *store = read_around(scope, inner.store, &wrong);
    if (wrong) {
        import_lose(scope->import, inner.store, text, "lies in a store whose path %s", wrong);
        return;
    }
    inner.store = store;
    const struct import_home *home = inner.home;
    if (strlen(text) == length && length > 0) { /* else it cannot be written, and is listed */
        text = locate(&inner, text, whole, &home);
        if (!home && !scope->preservation && *text != '/')
            text = arena_printf(arena, "/%s", text); /* as the module does */
        length = strlen(text);
    }
    struct import_entry *entry = import_add(scope->import, store, home, file, text, length);
    if (entry)
        fields_fill(&inner, entry, object);
}

static void read_lists(const struct scope *scope, struct json_object *object)
{
    static const char *const lists[] = {"directories", "files"};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        const char *what = scope->user ? scope->user : lists[i];
        struct json_object *list = json_field(scope, object, lists[i], json_type_array, what);
        for (size_t j = 0; list && j < json_object_array_length(list); j++)
            read_entry(scope, json_object_array_get_idx(list, j), i == 1, j + 1);
    }
}

static void read_user(const struct scope *store, const char *name, struct json_object *object)
{
    struct scope scope = *store;
    struct arena *arena = store->import->arena;
    if (!json_is(object, json_type_object)) {
        import_lose(store->import, store->store, name, "is no object of a user; correct it");
        return;
    }
    json_tell_unknown(&scope, object, user_keys, name);
    scope.user = arena_string(arena, json_text(&scope, object, "username", name, name));
    const char *home = json_text(&scope, object, "home", name, NULL);
    scope.home = new_home(&scope, scope.user, home ? home : find_home(&scope, object, name));
    scope.group = json_text(&scope, object, "homeGroup", name, NULL);
    scope.hide = json_flag(&scope, object, "hideMounts", name, scope.hide);
    scope.trash = json_flag(&scope, object, "allowTrash", name, scope.trash);
    struct json_object *options =
        json_field(&scope, object, "commonMountOptions", json_type_array, name);
    scope.options = options ? options : scope.options;
    read_lists(&scope, object);
}

static void read_store(struct import *import, const char *name, struct json_object *object)
{
    struct scope scope = {.import = import,
                          .preservation = strcmp(import->format, "preservation") == 0,
                          .store = arena_string(import->arena, name)};
    if (!json_is(object, json_type_object)) {
        import_lose(import, name, name, "is no object of a store; correct it");
        return;
    }
    json_tell_unknown(&scope, object, store_keys, name);
    if (!json_flag(&scope, object, "enable", name, true)) {
        *ARENA_PUSH(import->arena, import->notes, import->note_count) =
            arena_printf(import->arena, "The store \"%s\" is switched off there, and left out.",
                         import_shown(import->arena, name));
        return;
    }
    scope.store = json_text(&scope, object, "persistentStoragePath", name, scope.store);
    scope.hide = json_flag(&scope, object, "hideMounts", name, false);
    scope.trash = json_flag(&scope, object, "allowTrash", name, false);
    scope.options = json_field(&scope, object, "commonMountOptions", json_type_array, name);
    read_lists(&scope, object);
    struct json_object *users = json_field(&scope, object, "users", json_type_object, name);
    if (!users)
        return;
    json_object_object_foreach(users, user, value) read_user(&scope, user, value);
}

static size_t count_keys(struct json_object *value)
{
    size_t count = 0;
    if (json_is(value, json_type_object)) {
        json_object_object_foreach(value, key, inner)
        {
            (void)key; /* counted, not read */
            count += 1 + count_keys(inner);
        }
    }
    for (size_t i = 0; json_is(value, json_type_array) && i < json_object_array_length(value); i++)
        count += count_keys(json_object_array_get_idx(value, i));
    return count;
}

/* The library keeps the last of two fields with one name; each has a colon outside of text. */
static bool has_repeated_key(const char *text, size_t length, struct json_object *value)
{
    size_t colons = 0;
    bool inside = false;
    for (size_t i = 0; i < length; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        else if (!inside && text[i] == ':')
            colons++;
    }
    return colons != count_keys(value);
}

int import_nix(struct import *import, const char *text, size_t length, struct error *error)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_TOKENER_DEFAULT_DEPTH);
    if (!tokener)
        memory_exhausted();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    /* With the NUL behind it: without, a number at the end would wait for more. */
    struct json_object *stores = json_tokener_parse_ex(tokener, text, (int)length + 1);
    enum json_tokener_error why = json_tokener_get_error(tokener);
    size_t at = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    int code = 0;
    if (why != json_tokener_success)
        code = error_set(error, EINVAL,
                         "\"%s\" is not JSON, at byte %zu: %s; give it what `nix eval --json` "
                         "prints",
                         import->from, at, json_tokener_error_desc(why));
    else if (at < length)
        code = error_set(error, EINVAL,
                         "\"%s\" has a NUL or more than one value, at byte %zu; give it what `nix "
                         "eval --json` prints",
                         import->from, at);
    else if (!json_is(stores, json_type_object))
        code = error_set(error, EINVAL,
                         "\"%s\" is no object of stores by their names; evaluate "
                         "config.environment.persistence or config.preservation.preserveAt",
                         import->from);
    else if (has_repeated_key(text, length, stores))
        code = error_set(error, EINVAL,
                         "\"%s\" has an object with two fields of one name; give each once",
                         import->from);
    if (code == 0) {
        json_object_object_foreach(stores, name, store) read_store(import, name, store);
    }
    json_object_put(stores);
    return code;
}
