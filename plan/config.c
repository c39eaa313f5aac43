#include "plan/config.h"

#include <stdlib.h>
#include <string.h>

#include "plan/keyword.h"
#include "plan/load.h"
#include "plan/suggest.h"

const char *const root_kind_names[] = {"tmpfs", "overlay", NULL};
const char *const hook_point_names[] = {"after-volumes", "after-root", "before-switch", NULL};
const char *const hook_failure_names[] = {"fail", "warn", NULL};
const char *const rescue_action_names[] = {"wait", "reboot", "poweroff", NULL};

static void *declare(struct config *config, enum declared_kind kind, size_t size,
                     const struct scfg_directive *directive)
{
    struct declaration *declaration = arena_alloc(config->arena, sizeof(*declaration));
    *declaration = (struct declaration){
        .kind = kind,
        .object = arena_alloc(config->arena, size),
        .directive = (struct scfg_directive *)directive,
        .depth = load_depth(config, directive->words[0].origin),
        .order = config->declaration_count,
    };
    *ARENA_PUSH(config->arena, config->declarations, config->declaration_count) = declaration;
    return declaration->object;
}

/* The key of the declaration that was made last. */
static void set_key(struct config *config, const char *kind, const char *name)
{
    struct declaration *last = config->declarations[config->declaration_count - 1];
    last->key = arena_printf(config->arena, "%s%s%s", kind, *name ? " " : "", name);
}

static void *volume_object(struct config *config, void *parent,
                           const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct volume *volume = declare(config, DECLARED_VOLUME, sizeof(*volume), directive);
    volume->origin = directive->words[0].origin;
    volume->timeout = 90000;
    volume->name = "";
    return volume;
}

static void volume_stored(struct config *config, void *object,
                          const struct scfg_directive *directive)
{
    (void)directive; /* its words are in the object */
    set_key(config, "volume", ((struct volume *)object)->name);
}

/* `fs` and the like fill the volume around them. */
static void *same_object(struct config *config, void *parent,
                         const struct scfg_directive *directive)
{
    (void)config;    /* nothing new is declared */
    (void)directive; /* and it needs no origin of its own */
    return parent;
}

static void *mount_object(struct config *config, void *parent,
                          const struct scfg_directive *directive)
{
    (void)config; /* nothing new is declared */
    ((struct volume *)parent)->mount_origin = directive->words[0].origin;
    return parent;
}

static void *root_object(struct config *config, void *parent,
                         const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct root *root = declare(config, DECLARED_ROOT, sizeof(*root), directive);
    /* systemd's own limits for a volatile root */
    *root = (struct root){directive->words[0].origin, ROOT_TMPFS, "25%", "1m", 0755};
    set_key(config, "root", "");
    return root;
}

static void *generations_object(struct config *config, void *parent,
                                const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct generations *generations =
        declare(config, DECLARED_GENERATIONS, sizeof(*generations), directive);
    generations->origin = directive->words[0].origin;
    generations->default_choice = "latest";
    set_key(config, "generations", "");
    return generations;
}

static void *store_object(struct config *config, void *parent,
                          const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct place *store = declare(config, DECLARED_STORE, sizeof(*store), directive);
    store->origin = directive->words[0].origin;
    store->path = "/";
    return store;
}

static struct persist_entry *entry_object(struct config *config, struct place *store, int kind,
                                          const struct scfg_directive *directive)
{
    struct persist_entry *entry = declare(config, DECLARED_ENTRY, sizeof(*entry), directive);
    entry->origin = directive->words[0].origin;
    entry->kind = kind;
    entry->store = store;
    entry->owner = entry->group = "0";
    entry->mode = kind == PERSIST_DIR ? 0755 : 0644;
    return entry;
}

static void *dir_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    return entry_object(config, parent, PERSIST_DIR, directive);
}

static void *file_object(struct config *config, void *parent,
                         const struct scfg_directive *directive)
{
    return entry_object(config, parent, PERSIST_FILE, directive);
}

static void entry_stored(struct config *config, void *object,
                         const struct scfg_directive *directive)
{
    (void)directive; /* its words are in the object */
    struct persist_entry *entry = object;
    if (!entry->target)
        return; /* reported already */
    const char *store = strcmp(entry->store->path, "/") == 0 ? "" : entry->store->path;
    entry->source = arena_printf(config->arena, "%s%s", store, entry->target);
    set_key(config, "persist", entry->target);
}

static void *hook_object(struct config *config, void *parent,
                         const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct hook *hook = declare(config, DECLARED_HOOK, sizeof(*hook), directive);
    hook->origin = directive->words[0].origin;
    hook->timeout = 30000;
    return hook;
}

static void *module_object(struct config *config, void *parent,
                           const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct wanted_module *module = declare(config, DECLARED_MODULE, sizeof(*module), directive);
    module->origin = directive->words[0].origin;
    return module;
}

static void *rescue_object(struct config *config, void *parent,
                           const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct rescue *rescue = declare(config, DECLARED_RESCUE, sizeof(*rescue), directive);
    rescue->origin = directive->words[0].origin;
    rescue->after = 30000;
    set_key(config, "rescue", "");
    return rescue;
}

/* The words of ebb.conf(5). */
#define FIELDS(array) array, ARRAY_LENGTH(array)
#define NO_FIELDS NULL, 0

static const struct field volume_parameters[] = {
    {"name",   FIELD_NAME,   offsetof(struct volume, name),   NULL},
    {"device", FIELD_DEVICE, offsetof(struct volume, device), NULL},
};
static const struct field volume_options[] = {
    {"timeout", FIELD_DURATION, offsetof(struct volume, timeout), NULL},
};
static const struct field fs_parameters[] = {
    {"type", FIELD_NAME, offsetof(struct volume, fs_type), NULL},
};
static const struct field fs_options[] = {
    {"options", FIELD_TEXT, offsetof(struct volume, fs_options), NULL},
};
static const struct field mount_parameters[] = {
    {"path", FIELD_PATH, offsetof(struct volume, mount), NULL},
};
static const struct field identity_parameters[] = {
    {"identity", FIELD_NAME, offsetof(struct volume, identity), NULL},
};
static const struct keyword volume_rows[] = {
    {"fs",       "fs TYPE options=LIST", FIELDS(fs_parameters),       FIELDS(fs_options), NULL, 0, false,
     same_object,                                                                                                       NULL},
    {"mount",    "mount /path",          FIELDS(mount_parameters),    NO_FIELDS,          NULL, 0, false, mount_object,
     NULL                                                                                                                   },
    {"identity", "identity ID",          FIELDS(identity_parameters), NO_FIELDS,          NULL, 0, false, same_object,
     NULL                                                                                                                   },
};

static const struct field root_parameters[] = {
    {"kind", FIELD_CHOICE, offsetof(struct root, kind), root_kind_names},
};
static const struct field root_options[] = {
    {"size",   FIELD_SIZE,   offsetof(struct root, size),   NULL},
    {"inodes", FIELD_INODES, offsetof(struct root, inodes), NULL},
    {"mode",   FIELD_MODE,   offsetof(struct root, mode),   NULL},
};

static const struct field generations_parameters[] = {
    {"place", FIELD_PLACE, offsetof(struct generations, place), NULL},
};
static const struct field generations_options[] = {
    {"default", FIELD_CHOSEN, offsetof(struct generations, default_choice), NULL},
};

static const struct field persist_parameters[] = {
    {"place", FIELD_PLACE, 0, NULL},
};
static const struct field entry_parameters[] = {
    {"path", FIELD_PATH, offsetof(struct persist_entry, target), NULL},
};
static const struct field entry_options[] = {
    {"owner", FIELD_OWNER, offsetof(struct persist_entry, owner), NULL},
    {"group", FIELD_OWNER, offsetof(struct persist_entry, group), NULL},
    {"mode",  FIELD_MODE,  offsetof(struct persist_entry, mode),  NULL},
};
static const struct keyword persist_rows[] = {
    {"dir",  "dir /path owner=NAME group=NAME mode=0755",  FIELDS(entry_parameters),
     FIELDS(entry_options), NULL, 0, true, dir_object,  entry_stored},
    {"file", "file /path owner=NAME group=NAME mode=0644", FIELDS(entry_parameters),
     FIELDS(entry_options), NULL, 0, true, file_object, entry_stored},
};

static const struct field hook_parameters[] = {
    {"point", FIELD_CHOICE, offsetof(struct hook, point), hook_point_names},
    {"path",  FIELD_PATH,   offsetof(struct hook, path),  NULL            },
};
static const struct field hook_options[] = {
    {"timeout", FIELD_DURATION, offsetof(struct hook, timeout), NULL              },
    {"failure", FIELD_CHOICE,   offsetof(struct hook, failure), hook_failure_names},
};

static const struct field module_parameters[] = {
    {"name", FIELD_NAME, offsetof(struct wanted_module, name), NULL},
};

static const struct field rescue_parameters[] = {
    {"action", FIELD_CHOICE, offsetof(struct rescue, action), rescue_action_names},
};
static const struct field rescue_options[] = {
    {"after", FIELD_DURATION, offsetof(struct rescue, after), NULL},
};

static const struct keyword top_rows[] = {
    {"volume",                                           "volume NAME UUID=ID { ... }",  FIELDS(volume_parameters), FIELDS(volume_options),
     FIELDS(volume_rows),                                                                                                                         true,          volume_object,      volume_stored},
    {        "root", "root tmpfs|overlay size=25% inodes=1m mode=0755",        FIELDS(root_parameters),
     FIELDS(root_options),                                                                                                            NULL,    0,          true,        root_object,          NULL},
    {        "generations",         "generations VOLUME:/path default=latest", FIELDS(generations_parameters),
     FIELDS(generations_options),                                                                                                     NULL,    0,          true, generations_object,          NULL},
    {        "persist",  "persist VOLUME:/path { dir /path; file /path }",     FIELDS(persist_parameters),
     NO_FIELDS,                                                                                                       FIELDS(persist_rows), true,  store_object,               NULL             },
    {   "hook",                           "hook POINT /path timeout=30s failure=fail",                                                               FIELDS(hook_parameters),
     FIELDS(hook_options),                                                                                                         NULL, 0,   true,               hook_object,              NULL},
    { "module",                         "module NAME",                                              FIELDS(module_parameters),                      NO_FIELDS,                      NULL, 0, true,                                                                                                                                                                           module_object,
     NULL},
    {                                                                                                                                                                                        "rescue",                         "rescue wait|reboot|poweroff after=30s",                                                             FIELDS(rescue_parameters),
     FIELDS(rescue_options),                                                                                                       NULL, 0, true,               rescue_object,              NULL},
};

/* Equal keys side by side, the least included first. */
static int by_key(const void *left, const void *right)
{
    const struct declaration *const *a = left, *const *b = right;
    int order = strcmp((*a)->key, (*b)->key);
    if (order)
        return order;
    if ((*a)->depth != (*b)->depth)
        return (*a)->depth < (*b)->depth ? -1 : 1;
    return (*a)->order < (*b)->order ? -1 : 1;
}

static void drop(struct config *config, const struct declaration *winner, struct declaration *loser,
                 struct report *report)
{
    struct origin origin = loser->directive->words[0].origin;
    struct origin other = winner->directive->words[0].origin;
    loser->directive->dropped = true;
    if (loser->depth > winner->depth)
        *ARENA_PUSH(config->arena, config->overrides, config->override_count) =
            (struct override){loser->key, other, origin};
    else
        report_error(report, origin, "\"%s\" is declared twice, first at %s; remove one",
                     loser->key, origin_text(report->arena, other));
}

/* Where two declare the same thing, the less included one wins; at the same depth nobody can. */
static void resolve_overrides(struct config *config, struct report *report)
{
    struct declaration **keyed = NULL;
    size_t count = 0;
    for (size_t i = 0; i < config->declaration_count; i++)
        if (config->declarations[i]->key)
            *ARENA_PUSH(config->arena, keyed, count) = config->declarations[i];
    if (count)
        qsort(keyed, count, sizeof(struct declaration *), by_key);
    for (size_t i = 1, winner = 0; i < count; i++) {
        if (strcmp(keyed[i]->key, keyed[winner]->key) == 0)
            drop(config, keyed[winner], keyed[i], report);
        else
            winner = i;
    }
}

static void collect(struct config *config, const struct declaration *declaration)
{
    switch (declaration->kind) {
    case DECLARED_VOLUME: {
        struct volume *volume = declaration->object;
        volume->number = config->volume_count;
        *ARENA_PUSH(config->arena, config->volumes, config->volume_count) = volume;
        break;
    }
    case DECLARED_ROOT:
        config->root = *(struct root *)declaration->object;
        break;
    case DECLARED_GENERATIONS:
        config->generations = *(struct generations *)declaration->object;
        break;
    case DECLARED_STORE:
        break; /* its entries point to it */
    case DECLARED_ENTRY:
        *ARENA_PUSH(config->arena, config->entries, config->entry_count) = declaration->object;
        break;
    case DECLARED_HOOK:
        *ARENA_PUSH(config->arena, config->hooks, config->hook_count) = declaration->object;
        break;
    case DECLARED_MODULE:
        *ARENA_PUSH(config->arena, config->modules, config->module_count) = declaration->object;
        break;
    case DECLARED_RESCUE:
        config->rescue = *(struct rescue *)declaration->object;
        break;
    }
}

static void resolve_place(struct config *config, struct place *place, struct report *report)
{
    const char **names = arena_alloc(config->arena, (config->volume_count + 1) * sizeof(*names));
    for (size_t i = 0; place->volume_name && i < config->volume_count; i++) {
        names[i] = config->volumes[i]->name;
        if (strcmp(names[i], place->volume_name) == 0) {
            config->volumes[i]->holds_state = true;
            place->volume = config->volumes[i];
            return;
        }
    }
    if (!place->volume_name)
        return; /* reported already */
    const char *near = suggest(place->volume_name, names, config->volume_count);
    report_error(report, place->origin, "no volume \"%s\" is declared%s%s%s", place->volume_name,
                 near ? "; did you mean \"" : "; add: volume NAME UUID=ID { ... }",
                 near ? near : "", near ? "\"?" : "");
}

/* Declarations without a good name were reported; nothing further can be said of them. */
static bool is_whole(const struct declaration *declaration)
{
    if (declaration->directive->dropped)
        return false;
    switch (declaration->kind) {
    case DECLARED_ENTRY:
        return ((struct persist_entry *)declaration->object)->target != NULL;
    case DECLARED_HOOK:
        return ((struct hook *)declaration->object)->path != NULL;
    case DECLARED_MODULE:
        return ((struct wanted_module *)declaration->object)->name != NULL;
    case DECLARED_VOLUME:
        return ((struct volume *)declaration->object)->device != NULL;
    case DECLARED_ROOT:
    case DECLARED_GENERATIONS:
    case DECLARED_STORE:
    case DECLARED_RESCUE:
        return true;
    }
    return false;
}

struct config *config_load(const char *file, const char *const *extra, struct report *report)
{
    struct arena *arena = arena_new();
    struct config *config = arena_alloc(arena, sizeof(*config));
    config->arena = arena;
    config->file = arena_string(arena, file);
    config->root = (struct root){
        {config->file, 0, 0},
        ROOT_TMPFS, "25%", "1m", 0755
    };
    config->generations.default_choice = "latest";
    config->rescue = (struct rescue){
        {config->file, 0, 0},
        RESCUE_WAIT, 30000
    };
    load_file(config, config->file, 0, report);
    for (; extra && *extra; extra++)
        load_file(config, *extra, 1, report);
    for (size_t i = 0; i < config->directive_count; i++)
        keyword_read(config, top_rows, ARRAY_LENGTH(top_rows), NULL, NULL, &config->directives[i],
                     report);
    resolve_overrides(config, report);
    for (size_t i = 0; i < config->declaration_count; i++)
        if (is_whole(config->declarations[i]))
            collect(config, config->declarations[i]);
    for (size_t i = 0; i < config->declaration_count; i++)
        if (config->declarations[i]->kind == DECLARED_STORE)
            resolve_place(config, config->declarations[i]->object, report);
    resolve_place(config, &config->generations.place, report);
    return config;
}

void config_free(struct config *config)
{
    if (config)
        arena_free(config->arena);
}

void config_cleanup(struct config **config)
{
    config_free(*config);
}

void config_print(const struct config *config, FILE *stream)
{
    for (size_t i = 0; i < config->directive_count; i++)
        scfg_print(&config->directives[i], 0, stream);
}

const struct volume *config_volume(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->volume_count; i++)
        if (strcmp(config->volumes[i]->name, name) == 0)
            return config->volumes[i];
    return NULL;
}
