#include "tool/import_fields.h"

#include <string.h>

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

bool json_is(struct json_object *value, enum json_type type)
{
    return json_object_get_type(value) == type;
}

/* A field that nobody reads is lost, unless it says that something is not so. */
void json_tell_unknown(const struct scope *scope, struct json_object *object,
                       const char *const *known, const char *what)
{
    json_object_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        bool nothing =
            !value || (json_is(value, json_type_boolean) && !json_object_get_boolean(value));
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
struct json_object *json_field(const struct scope *scope, struct json_object *object,
                               const char *key, enum json_type type, const char *what)
{
    struct json_object *value = NULL;
    if (!json_is(object, json_type_object) || !json_object_object_get_ex(object, key, &value) ||
        !value)
        return NULL;
    if (json_is(value, type))
        return value;
    import_lose(scope->import, scope->store, what, "its \"%s\" is %s, not %s; correct it", key,
                type_names[json_object_get_type(value)], type_names[type]);
    return NULL;
}

/* Text without a NUL in it; `otherwise` if there is none. */
const char *json_text(const struct scope *scope, struct json_object *object, const char *key,
                      const char *what, const char *otherwise)
{
    struct json_object *value = json_field(scope, object, key, json_type_string, what);
    if (!value)
        return otherwise;
    const char *text = json_object_get_string(value);
    if (strlen(text) == (size_t)json_object_get_string_len(value))
        return arena_string(scope->import->arena, text);
    import_lose(scope->import, scope->store, what, "its \"%s\" has a NUL in it; correct it", key);
    return otherwise;
}

bool json_flag(const struct scope *scope, struct json_object *object, const char *key,
               const char *what, bool otherwise)
{
    struct json_object *value = json_field(scope, object, key, json_type_boolean, what);
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
        if (json_is(option, json_type_string)) {
            char *names = arena_string(arena, json_object_get_string(option)), *rest = NULL;
            for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
                read_option(scope, entry, name, NULL);
            continue;
        }
        const char *name = json_text(scope, option, "name", entry->full, NULL);
        if (name)
            read_option(scope, entry, name, json_text(scope, option, "value", entry->full, NULL));
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
    const char *name = json_text(scope, object, key, entry->full, own);
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

/* `otherwise` is the module's own, which is written where Ebb's differs: evaluation does not tell
 * what was declared from what was not. */
static void read_mode(const struct scope *scope, struct import_entry *entry,
                      struct json_object *object, const char *otherwise)
{
    const char *text = json_text(scope, object, "mode", entry->full, otherwise);
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
    else if (mode != import_own_mode(entry))
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
    const char *user = json_text(scope, parent, "user", entry->full, own);
    const char *users = json_text(scope, parent, "group", entry->full, group);
    const char *mode = json_text(scope, parent, "mode", entry->full, "0755");
    int bits = import_mode(mode, 0755);
    struct import_entry above = {
        .full = arena_copy(scope->import->arena, entry->path, (size_t)(slash - entry->path))};
    bool special = !entry->home && import_own_mode(&above) < 0; /* Ebb knows what it must be */
    bool usual = bits == 0755 || special || (entry->home && bits == 0700);
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
        const char *method = json_text(scope, object, "method", entry->full, "auto");
        if (strcmp(method, "symlink") == 0)
            entry->method = "symlink";
        else if (strcmp(method, "auto") != 0)
            import_lose(scope->import, scope->store, entry->full,
                        "its method \"%s\" has no counterpart; it is bound",
                        import_shown(scope->import->arena, method));
        read_parent(scope, entry,
                    json_field(scope, object, "parentDirectory", json_type_object, entry->full));
        if (!entry->home && scope->user)
            entry->owner = scope->user;
        return;
    }
    if (json_text(scope, object, "method", entry->full, NULL))
        import_lose(scope->import, scope->store, entry->full,
                    "its method has no counterpart; folders are bound");
    read_owner(scope, entry, object);
    read_mode(scope, entry, object, "0755");
    if (json_flag(scope, object, "hideMount", entry->full, scope->hide))
        entry->options |= IMPORT_HIDE;
    if (json_flag(scope, object, "allowTrash", entry->full, scope->trash))
        entry->options |= IMPORT_TRASH;
    read_parent(scope, entry,
                json_field(scope, object, "defaultPerms", json_type_object, entry->full));
}

static void fill_preservation(const struct scope *scope, struct import_entry *entry,
                              struct json_object *object)
{
    const char *how = json_text(scope, object, "how", entry->full, "bindmount");
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
        json_field(scope, object, "mountOptions", json_type_array, entry->full);
    if (!link) /* nothing is mounted */
        read_options(scope, entry, options ? options : scope->options);
    if (json_flag(scope, object, "configureParent", entry->full, false))
        read_parent(scope, entry,
                    json_field(scope, object, "parent", json_type_object, entry->full));
}

void fields_fill(const struct scope *scope, struct import_entry *entry, struct json_object *object)
{
    if (object)
        json_tell_unknown(scope, object,
                          scope->preservation ? preservation_keys : impermanence_keys, entry->full);
    if (scope->preservation)
        fill_preservation(scope, entry, object);
    else
        fill_impermanence(scope, entry, object);
    if (!entry->file || strcmp(entry->full, "/etc/machine-id") != 0)
        return;
    /* Ebb knows what it needs. */
    entry->owner = entry->group = entry->method = NULL;
    entry->mode = -1;
    entry->options = 0;
    entry->keep_existing = false;
}
