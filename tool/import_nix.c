/* The evaluated JSON of two NixOS modules: an object of stores, which hold directories and files of
 * the system and of users. The fields and their defaults are those of the modules. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "tool/import.h"

/* Where an entry stands: what the store and the user around it say for all of theirs. */
struct scope {
    struct import *import;
    bool preservation;
    const char *store;
    const char *user; /* NULL: the system's */
    struct import_home *home;
    const char *group; /* the user's own, NULL if that is not said */
    bool hide, trash;
    struct json_object *options; /* commonMountOptions, may be NULL */
};

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
static const char *const impermanence_keys[] = {"directory",
                                                "file",
                                                "persistentStoragePath",
                                                "user",
                                                "group",
                                                "mode",
                                                "hideMount",
                                                "allowTrash",
                                                "home",
                                                "dirPath",
                                                "filePath",
                                                "enableDebugging",
                                                "assertions",
                                                "defaultPerms",
                                                "method",
                                                "parentDirectory",
                                                NULL};
static const char *const preservation_keys[] = {"directory",
                                                "file",
                                                "how",
                                                "user",
                                                "group",
                                                "mode",
                                                "configureParent",
                                                "parent",
                                                "mountOptions",
                                                "createLinkTarget",
                                                "inInitrd",
                                                NULL};

static bool is(struct json_object *value, enum json_type type)
{
    return json_object_get_type(value) == type;
}

/* A field that nobody reads is lost, unless it says that something is not so. */
static void tell_unknown(const struct scope *scope, struct json_object *object,
                         const char *const *known, const char *what)
{
    json_object_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        bool nothing = !value || (is(value, json_type_boolean) && !json_object_get_boolean(value));
        if (!known[i] && !nothing)
            import_lose(scope->import, scope->store, what,
                        "its \"%s\" is not known here; see what it means for you",
                        import_shown(scope->import->arena, key));
    }
}

static const char *const type_names[] = {
    [json_type_null] = "nothing",     [json_type_boolean] = "true or false",
    [json_type_double] = "a number",  [json_type_int] = "a number",
    [json_type_object] = "an object", [json_type_array] = "a list",
    [json_type_string] = "text",
};

/* A field of the wanted type; NULL if it is missing, null, or listed as of another type. */
static struct json_object *field(const struct scope *scope, struct json_object *object,
                                 const char *key, enum json_type type, const char *what)
{
    struct json_object *value = NULL;
    if (!is(object, json_type_object) || !json_object_object_get_ex(object, key, &value) || !value)
        return NULL;
    if (is(value, type))
        return value;
    import_lose(scope->import, scope->store, what, "its \"%s\" is %s, not %s; correct it", key,
                type_names[json_object_get_type(value)], type_names[type]);
    return NULL;
}

/* Text without a NUL in it; `otherwise` if there is none. */
static const char *text_field(const struct scope *scope, struct json_object *object,
                              const char *key, const char *what, const char *otherwise)
{
    struct json_object *value = field(scope, object, key, json_type_string, what);
    if (!value)
        return otherwise;
    const char *text = json_object_get_string(value);
    if (strlen(text) == (size_t)json_object_get_string_len(value))
        return arena_string(scope->import->arena, text);
    import_lose(scope->import, scope->store, what, "its \"%s\" has a NUL in it; correct it", key);
    return otherwise;
}

static bool flag_field(const struct scope *scope, struct json_object *object, const char *key,
                       const char *what, bool otherwise)
{
    struct json_object *value = field(scope, object, key, json_type_boolean, what);
    return value ? json_object_get_boolean(value) : otherwise;
}

/* "name", or { name = "…"; value = …; }, of which several may stand in one text. */
static void read_option(const struct scope *scope, struct import_entry *entry, const char *name,
                        const char *value)
{
    static const struct {
        const char *name;
        unsigned bits;
    } known[] = {{"bind", 0},
                 {"X-fstrim.notrim", 0},
                 {"defaults", 0},
                 {"rw", 0},
                 {"ro", IMPORT_RO},
                 {"noexec", IMPORT_NOEXEC},
                 {"nosuid", IMPORT_NOSUID},
                 {"nodev", IMPORT_NODEV},
                 {"x-gvfs-hide", IMPORT_HIDE},
                 {"x-gvfs-trash", IMPORT_TRASH}};
    for (size_t i = 0; !value && i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i].name, name) == 0) {
            entry->options |= known[i].bits;
            return;
        }
    import_lose(
        scope->import, scope->store, entry->full,
        "its mount option \"%s%s%s\" has no counterpart; Ebb has ro, noexec, nosuid, nodev, "
        "hide and trash",
        import_shown(scope->import->arena, name), value ? "=" : "",
        value ? import_shown(scope->import->arena, value) : "");
}

static void read_options(const struct scope *scope, struct import_entry *entry,
                         struct json_object *list)
{
    struct arena *arena = scope->import->arena;
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        struct json_object *option = json_object_array_get_idx(list, i);
        if (is(option, json_type_string)) {
            char *names = arena_string(arena, json_object_get_string(option)), *rest = NULL;
            for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
                read_option(scope, entry, name, NULL);
            continue;
        }
        const char *name = text_field(scope, option, "name", entry->full, NULL);
        if (name)
            read_option(scope, entry, name, text_field(scope, option, "value", entry->full, NULL));
        else
            import_lose(scope->import, scope->store, entry->full,
                        "mount option %zu is neither text nor an object with a name; correct it",
                        i + 1);
    }
}

static bool is_root(const char *name)
{
    return strcmp(name, "root") == 0 || strcmp(name, "0") == 0;
}

/* Ebb takes the names that it can write: letters, digits, - and _, and numbers. */
static const char *owner_field(const struct scope *scope, const struct import_entry *entry,
                               struct json_object *object, const char *key, const char *own)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *name = text_field(scope, object, key, entry->full, own);
    if (!name || (own && strcmp(name, own) == 0) || (!entry->home && is_root(name)))
        return NULL;
    if (*name && *name != '-' && !name[strspn(name, letters)])
        return name;
    import_lose(scope->import, scope->store, entry->full,
                "its %s \"%s\" is more than letters, digits, - and _; write the number", key,
                import_shown(scope->import->arena, name));
    return NULL;
}

static void read_owner(const struct scope *scope, struct import_entry *entry,
                       struct json_object *object)
{
    bool home = entry->home;
    const char *user = owner_field(scope, entry, object, "user", home ? scope->user : NULL);
    if (user)
        entry->owner = user;
    /* What lies outside of the home, or is all of it, is the user's nevertheless. */
    else if (!home && scope->user && !json_object_object_get(object, "user"))
        entry->owner = scope->user;
    entry->group = owner_field(scope, entry, object, "group", home ? scope->group : NULL);
}

/* Ebb's own: of folders and files, in the system and in a home. */
static const int own_modes[2][2] = {{0755, 0700}, {0644, 0600}};

/* `otherwise` is the module's own, which is written where Ebb's differs: evaluation does not tell
 * what was declared from what was not. */
static void read_mode(const struct scope *scope, struct import_entry *entry,
                      struct json_object *object, const char *otherwise)
{
    const char *text = text_field(scope, object, "mode", entry->full, otherwise);
    if (!text)
        return;
    /* tmpfiles.d: ":" only when it is made, "~" masked by what is there */
    const char *digits = text + strspn(text, ":~");
    entry->keep_existing = scope->preservation && memchr(text, ':', (size_t)(digits - text));
    if (scope->preservation && memchr(text, '~', (size_t)(digits - text)))
        import_lose(scope->import, scope->store, entry->full,
                    "the \"~\" of its mode, by which it depends on what is there, has no "
                    "counterpart; it is left out");
    int mode = import_mode(scope->preservation ? digits : text, 0755);
    if (mode < 0)
        import_lose(scope->import, scope->store, entry->full,
                    "its mode \"%s\" is not understood; write octal digits",
                    import_shown(scope->import->arena, text));
    else if (mode != own_modes[entry->file][entry->home != NULL])
        entry->mode = mode;
}

/* What Ebb gives to the parents of an entry is compared with what the module was told to give. */
static void read_parent(const struct scope *scope, struct import_entry *entry,
                        struct json_object *parent)
{
    const char *slash = strrchr(entry->path, '/');
    if (!parent || !slash || slash == entry->path)
        return; /* the root or the home itself, which nobody makes for an entry */
    const char *own = entry->home ? scope->user : "root", *group = entry->home ? scope->group : own;
    const char *user = text_field(scope, parent, "user", entry->full, own);
    const char *users = text_field(scope, parent, "group", entry->full, group);
    const char *mode = text_field(scope, parent, "mode", entry->full, "0755");
    int bits = import_mode(mode, 0755);
    bool usual = bits == 0755 || (entry->home && bits == 0700);
    bool theirs =
        (own && user && strcmp(user, own) == 0) || (!entry->home && user && is_root(user));
    bool grouped = !users || !group || strcmp(users, group) == 0;
    if (!usual || !theirs || !grouped)
        entry->parent_wish = import_shown(
            scope->import->arena, arena_printf(scope->import->arena, "owner %s, group %s, mode %s",
                                               user ? user : "none", users ? users : "none", mode));
}

static void fill_impermanence(const struct scope *scope, struct import_entry *entry,
                              struct json_object *object)
{
    if (entry->file) {
        const char *method = text_field(scope, object, "method", entry->full, "auto");
        if (strcmp(method, "symlink") == 0)
            entry->method = "symlink";
        else if (strcmp(method, "auto") != 0)
            import_lose(scope->import, scope->store, entry->full,
                        "its method \"%s\" has no counterpart; it is bound",
                        import_shown(scope->import->arena, method));
        read_parent(scope, entry,
                    field(scope, object, "parentDirectory", json_type_object, entry->full));
        if (!entry->home && scope->user)
            entry->owner = scope->user;
        return;
    }
    if (text_field(scope, object, "method", entry->full, NULL))
        import_lose(scope->import, scope->store, entry->full,
                    "its method has no counterpart; folders are bound");
    read_owner(scope, entry, object);
    read_mode(scope, entry, object, "0755");
    if (flag_field(scope, object, "hideMount", entry->full, scope->hide))
        entry->options |= IMPORT_HIDE;
    if (flag_field(scope, object, "allowTrash", entry->full, scope->trash))
        entry->options |= IMPORT_TRASH;
    read_parent(scope, entry, field(scope, object, "defaultPerms", json_type_object, entry->full));
}

static void fill_preservation(const struct scope *scope, struct import_entry *entry,
                              struct json_object *object)
{
    const char *how = text_field(scope, object, "how", entry->full, "bindmount");
    bool link = strcmp(how, "symlink") == 0;
    if (link && entry->file)
        entry->method = "symlink";
    else if (link)
        import_lose(scope->import, scope->store, entry->full,
                    "is to be a link; Ebb links files only, so the folder is bound");
    else if (strcmp(how, "bindmount") != 0)
        import_lose(scope->import, scope->store, entry->full,
                    "its how \"%s\" has no counterpart; it is bound",
                    import_shown(scope->import->arena, how));
    read_owner(scope, entry, object);
    read_mode(scope, entry, object, entry->file ? "0644" : "0755");
    struct json_object *options =
        field(scope, object, "mountOptions", json_type_array, entry->full);
    if (!link) /* nothing is mounted */
        read_options(scope, entry, options ? options : scope->options);
    if (flag_field(scope, object, "configureParent", entry->full, false))
        read_parent(scope, entry, field(scope, object, "parent", json_type_object, entry->full));
}

/* A folder on the way into a home, which the module made up for tmpfiles.d: Ebb makes its own. */
static bool is_intermediate(const struct scope *scope, struct json_object *object)
{
    struct json_object *how = json_object_object_get(object, "how");
    return scope->preservation && is(how, json_type_string) &&
           strcmp(json_object_get_string(how), "_intermediate") == 0;
}

/* The path in the words of Ebb, with *home NULL for one outside of the home. */
static const char *locate(const struct scope *scope, const char *path, bool whole,
                          const struct import_home **home)
{
    const char *top = scope->home ? scope->home->path : NULL;
    size_t length = top ? strlen(top) : 0;
    *home = scope->home;
    if (!scope->home || !whole || *path != '/')
        return path;
    const char *clean = import_clean(scope->import->arena, path);
    if (clean && top && strncmp(clean, top, length) == 0 &&
        (clean[length] == '/' || !clean[length]))
        return clean[length] ? clean + length + 1 : ".";
    *home = NULL;
    return path;
}

/* An entry of a user may stand in the lists of the system, with its home. */
static void enter_home(struct scope *inner, struct json_object *object, const char *what)
{
    const char *path = text_field(inner, object, "home", what, NULL);
    if (!path || inner->preservation)
        return;
    const char *clean = import_clean(inner->import->arena, path);
    if (!inner->home) {
        inner->user = text_field(inner, object, "user", what, NULL);
        if (!inner->user)
            inner->user =
                text_field(inner, field(inner, object, "parentDirectory", json_type_object, what),
                           "user", what, NULL);
        if (!inner->user)
            return;
        inner->home = arena_alloc(inner->import->arena, sizeof(*inner->home));
        inner->home->user = inner->user;
    }
    if (!inner->home->path && clean && *clean == '/')
        inner->home->path = clean;
}

static void read_entry(const struct scope *scope, struct json_object *value, bool file,
                       size_t place)
{
    struct scope inner = *scope;
    struct arena *arena = scope->import->arena;
    const char *kind = file ? "file" : "directory",
               *what = arena_printf(arena, "%s %zu", kind, place);
    struct json_object *object = is(value, json_type_object) ? value : NULL, *path = value;
    if (object && is_intermediate(scope, object))
        return;
    if (object) {
        const char *whole = file ? "filePath" : "dirPath";
        path = scope->preservation ? NULL : json_object_object_get(object, whole);
        path = path ? path : field(scope, object, kind, json_type_string, what);
    }
    if (!is(path, json_type_string)) {
        import_lose(scope->import, scope->store, what,
                    "is neither a path nor an object with a "
                    "\"%s\"; correct it",
                    kind);
        return;
    }
    const char *text = json_object_get_string(path);
    size_t length = (size_t)json_object_get_string_len(path);
    bool whole = scope->preservation || path != value;
    if (!scope->preservation && object && path == json_object_object_get(object, kind))
        whole = false;
    if (object && !scope->preservation) {
        inner.store = text_field(scope, object, "persistentStoragePath", text, scope->store);
        enter_home(&inner, object, text);
        inner.group =
            inner.group
                ? inner.group
                : text_field(&inner,
                             field(&inner, object, file ? "parentDirectory" : "defaultPerms",
                                   json_type_object, text),
                             "group", text, NULL);
    }
    const char *store = import_clean(arena, inner.store);
    if (!store || *store != '/') {
        import_lose(scope->import, inner.store, text, "its store is no absolute path; correct it");
        return;
    }
    inner.store = store;
    const struct import_home *home = NULL;
    if (strlen(text) == length) {
        const char *located = locate(&inner, text, whole, &home);
        length = located == text ? length : strlen(located);
        text = located;
    }
    if (!home && !scope->preservation && *text != '/') /* as the module does */
        text = arena_printf(arena, "/%s", text), length++;
    struct import_entry *entry = import_add(scope->import, store, home, file, text, length);
    if (!entry)
        return;
    if (object)
        tell_unknown(&inner, object, scope->preservation ? preservation_keys : impermanence_keys,
                     entry->full);
    (scope->preservation ? fill_preservation : fill_impermanence)(&inner, entry, object);
    if (file && strcmp(entry->full, "/etc/machine-id") == 0) { /* Ebb knows what it needs */
        entry->owner = entry->group = entry->method = NULL;
        entry->mode = -1;
        entry->options = 0;
        entry->keep_existing = false;
    }
}

static void read_lists(const struct scope *scope, struct json_object *object)
{
    static const char *const lists[] = {"directories", "files"};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        const char *what = scope->user ? scope->user : lists[i];
        struct json_object *list = field(scope, object, lists[i], json_type_array, what);
        for (size_t j = 0; list && j < json_object_array_length(list); j++)
            read_entry(scope, json_object_array_get_idx(list, j), i == 1, j + 1);
    }
}

static void read_user(const struct scope *store, const char *name, struct json_object *object)
{
    struct scope scope = *store;
    struct arena *arena = store->import->arena;
    if (!is(object, json_type_object)) {
        import_lose(store->import, store->store, name, "is no object of a user; correct it");
        return;
    }
    tell_unknown(&scope, object, user_keys, name);
    scope.user = arena_string(arena, text_field(&scope, object, "username", name, name));
    const char *home = text_field(&scope, object, "home", name, NULL);
    home = home ? import_clean(arena, home) : NULL;
    scope.home = arena_alloc(arena, sizeof(*scope.home));
    *scope.home = (struct import_home){scope.user, home && *home == '/' ? home : NULL};
    scope.group = text_field(&scope, object, "homeGroup", name, NULL);
    scope.hide = flag_field(&scope, object, "hideMounts", name, scope.hide);
    scope.trash = flag_field(&scope, object, "allowTrash", name, scope.trash);
    struct json_object *options =
        field(&scope, object, "commonMountOptions", json_type_array, name);
    scope.options = options ? options : scope.options;
    read_lists(&scope, object);
}

static void read_store(struct import *import, const char *name, struct json_object *object)
{
    struct scope scope = {.import = import,
                          .preservation = strcmp(import->format, "preservation") == 0,
                          .store = arena_string(import->arena, name)};
    if (!is(object, json_type_object)) {
        import_lose(import, name, name, "is no object of a store; correct it");
        return;
    }
    tell_unknown(&scope, object, store_keys, name);
    if (!flag_field(&scope, object, "enable", name, true)) {
        *ARENA_PUSH(import->arena, import->notes, import->note_count) =
            arena_printf(import->arena, "The store \"%s\" is switched off there, and left out.",
                         import_shown(import->arena, name));
        return;
    }
    scope.store = text_field(&scope, object, "persistentStoragePath", name, scope.store);
    scope.hide = flag_field(&scope, object, "hideMounts", name, false);
    scope.trash = flag_field(&scope, object, "allowTrash", name, false);
    scope.options = field(&scope, object, "commonMountOptions", json_type_array, name);
    read_lists(&scope, object);
    struct json_object *users = field(&scope, object, "users", json_type_object, name);
    if (!users)
        return;
    json_object_object_foreach(users, user, value) read_user(&scope, user, value);
}

static size_t count_keys(struct json_object *value)
{
    size_t count = 0;
    if (is(value, json_type_object)) {
        json_object_object_foreach(value, key, inner)
        {
            (void)key; /* counted, not read */
            count += 1 + count_keys(inner);
        }
    }
    for (size_t i = 0; is(value, json_type_array) && i < json_object_array_length(value); i++)
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
    else if (!is(stores, json_type_object))
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
