#include "plan/directive.h"

#include <string.h>

#include "base/path.h"
#include "plan/load.h"

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

void *volume_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct volume *volume = declare(config, DECLARED_VOLUME, sizeof(*volume), directive);
    volume->origin = directive->words[0].origin;
    volume->wait = 90000;
    volume->name = "";
    return volume;
}

void volume_stored(struct config *config, void *object, const struct scfg_directive *directive)
{
    (void)directive;                      /* its words are in the object */
    if (*((struct volume *)object)->name) /* else reported already */
        set_key(config, "volume", ((struct volume *)object)->name);
}

void *fs_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)config;                            /* nothing new is declared */
    (void)directive;                         /* and it needs no origin of its own */
    ((struct volume *)parent)->fs.type = ""; /* it is said, even if it cannot be understood */
    return parent;
}

void *luks_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    struct volume *volume = parent;
    volume->luks = arena_alloc(config->arena, sizeof(*volume->luks));
    volume->luks->origin = directive->words[0].origin;
    return volume->luks;
}

void *lvm_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)config;    /* nothing new is declared */
    (void)directive; /* and it needs no origin of its own */
    ((struct volume *)parent)->on.lvm = true;
    return parent;
}

void *raid_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)config;    /* nothing new is declared */
    (void)directive; /* and it needs no origin of its own */
    ((struct volume *)parent)->on.raid = true;
    return parent;
}

void *identity_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)config;    /* nothing new is declared */
    (void)directive; /* and it needs no origin of its own */
    return parent;
}

void *mount_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)config; /* nothing new is declared */
    ((struct volume *)parent)->mount_origin = directive->words[0].origin;
    return parent;
}

void *root_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct root *root = declare(config, DECLARED_ROOT, sizeof(*root), directive);
    *root = (struct root){.origin = directive->words[0].origin, .mode = 0755, .keep = ROOT_KEEP};
    set_key(config, "root", "");
    return root;
}

/* Where an option stands, with a file of NULL if it was not said. */
static struct origin find_option(const struct scfg_directive *directive, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 1; i < directive->word_count; i++) {
        const struct scfg_word *word = &directive->words[i];
        if (!word->quoted && strncmp(word->text, name, length) == 0 && word->text[length] == '=')
            return word->origin;
    }
    return (struct origin){0};
}

void root_stored(struct config *config, void *object, const struct scfg_directive *directive)
{
    (void)config; /* its words are in the object */
    struct root *root = object;
    root->keep_at = find_option(directive, "keep");
    if (root->kind == ROOT_SUBVOLUME)
        return; /* a limit that is said means nothing for it */
    if (!root->size)
        root->size = ROOT_SIZE;
    if (!root->inodes)
        root->inodes = ROOT_INODES;
}

void *generations_object(struct config *config, void *parent,
                         const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct generations *generations =
        declare(config, DECLARED_GENERATIONS, sizeof(*generations), directive);
    generations->origin = directive->words[0].origin;
    generations->default_choice = "latest";
    generations->tries = GENERATIONS_TRIES;
    set_key(config, "generations", "");
    return generations;
}

void *boot_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct boot_entries *boot = declare(config, DECLARED_BOOT, sizeof(*boot), directive);
    boot->origin = directive->words[0].origin;
    boot->timeout = BOOT_TIMEOUT;
    set_key(config, "boot", "");
    return boot;
}

void *store_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct place *store = declare(config, DECLARED_STORE, sizeof(*store), directive);
    store->origin = directive->words[0].origin;
    store->path = "/";
    return store;
}

static struct persist_entry *entry_object(struct config *config, const struct place *store,
                                          int kind, const struct scfg_directive *directive)
{
    struct persist_entry *entry = declare(config, DECLARED_ENTRY, sizeof(*entry), directive);
    entry->origin = directive->words[0].origin;
    entry->kind = kind;
    entry->store = store;
    entry->mode = -1;
    return entry;
}

void *dir_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    return entry_object(config, parent, PERSIST_DIR, directive);
}

void *file_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    return entry_object(config, parent, PERSIST_FILE, directive);
}

void *home_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    struct home *home = arena_alloc(config->arena, sizeof(*home));
    home->origin = directive->words[0].origin;
    home->store = parent;
    return home;
}

void home_stored(struct config *config, void *object, const struct scfg_directive *directive)
{
    (void)directive; /* its words are in the object */
    struct home *home = object;
    if (home->user && !home->path)
        home->path = strcmp(home->user, "root") == 0
                         ? "/root"
                         : arena_printf(config->arena, "/home/%s", home->user);
}

void *home_dir_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    struct home *home = parent;
    struct persist_entry *entry = entry_object(config, home->store, PERSIST_DIR, directive);
    entry->home = home;
    return entry;
}

void *home_file_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    struct home *home = parent;
    struct persist_entry *entry = entry_object(config, home->store, PERSIST_FILE, directive);
    entry->home = home;
    return entry;
}

/* What was not said. In a home that is the user's own, and closed to others; NULL for their primary
 * group, which only the generation knows. */
static void fill_defaults(struct persist_entry *entry)
{
    bool is_dir = entry->kind == PERSIST_DIR;
    entry->owner_said = entry->owner || entry->home;
    entry->group_said = entry->group;
    entry->mode_said = entry->mode >= 0;
    if (!entry->owner)
        entry->owner = entry->home ? entry->home->user : "0";
    if (!entry->group && !entry->home)
        entry->group = "0";
    if (!entry->mode_said && entry->home)
        entry->mode = is_dir ? 0700 : 0600;
    else if (!entry->mode_said)
        entry->mode = is_dir ? (int)path_folder_mode(entry->target) : 0644;
}

void entry_stored(struct config *config, void *object, const struct scfg_directive *directive)
{
    (void)directive; /* its words are in the object */
    struct persist_entry *entry = object;
    const char *home = entry->home ? entry->home->path : "";
    if (!home)
        entry->target = NULL;
    if (!entry->target)
        return; /* reported already */
    const char *store = strcmp(entry->store->path, "/") == 0 ? "" : entry->store->path;
    entry->target =
        entry->home ? arena_printf(config->arena, "%s/%s", home, entry->target) : entry->target;
    entry->source = arena_printf(config->arena, "%s%s", store, entry->target);
    fill_defaults(entry);
    set_key(config, "persist", entry->target);
}

void *secrets_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct secrets *secrets = declare(config, DECLARED_SECRETS, sizeof(*secrets), directive);
    secrets->origin = directive->words[0].origin;
    return secrets;
}

void *secrets_key_object(struct config *config, void *parent,
                         const struct scfg_directive *directive)
{
    (void)directive; /* its word has a place of its own */
    struct secrets *secrets = parent;
    struct secrets_key *key = arena_alloc(config->arena, sizeof(*key));
    *key = (struct secrets_key){.wait = SECRETS_WAIT};
    *ARENA_PUSH(config->arena, secrets->keys, secrets->key_count) = key;
    return key;
}

void *secret_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    struct secret_entry *secret = declare(config, DECLARED_SECRET, sizeof(*secret), directive);
    *secret = (struct secret_entry){.origin = directive->words[0].origin,
                                    .file = parent,
                                    .owner = "0",
                                    .group = "0",
                                    .mode = 0400};
    return secret;
}

void secret_stored(struct config *config, void *object, const struct scfg_directive *directive)
{
    (void)directive; /* its words are in the object */
    struct secret_entry *secret = object;
    if (!secret->name)
        secret->name = secret->key;
    if (secret->name)
        set_key(config, "secret", secret->name);
}

void template_stored(struct config *config, void *object, const struct scfg_directive *directive)
{
    struct secret_entry *template = object;
    if (template->name)
        template->name = arena_printf(config->arena, "rendered/%s", template->name);
    secret_stored(config, object, directive);
}

void *hook_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct hook *hook = declare(config, DECLARED_HOOK, sizeof(*hook), directive);
    hook->origin = directive->words[0].origin;
    hook->timeout = 30000;
    return hook;
}

/* A boot that asks for a passphrase cannot wait for what answers it; and what nobody waits for
 * cannot stop a boot. */
void hook_stored(struct config *config, void *object, const struct scfg_directive *directive)
{
    (void)config; /* its words are in the object */
    struct hook *hook = object;
    if (hook->point == HOOK_ON_PASSPHRASE)
        hook->background = true;
    if (hook->background && !find_option(directive, "timeout").file)
        hook->timeout = 0;
    if ((hook->background || hook->point == HOOK_ON_RESCUE) &&
        !find_option(directive, "failure").file)
        hook->failure = HOOK_WARNS;
}

void *module_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct wanted_module *module = declare(config, DECLARED_MODULE, sizeof(*module), directive);
    module->origin = directive->words[0].origin;
    return module;
}

void *rescue_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct rescue *rescue = declare(config, DECLARED_RESCUE, sizeof(*rescue), directive);
    rescue->origin = directive->words[0].origin;
    rescue->after = 30000;
    rescue->shell = "no";
    set_key(config, "rescue", "");
    return rescue;
}

void *keymap_object(struct config *config, void *parent, const struct scfg_directive *directive)
{
    (void)parent; /* stands at the top level */
    struct keymap *keymap = declare(config, DECLARED_KEYMAP, sizeof(*keymap), directive);
    keymap->origin = directive->words[0].origin;
    set_key(config, "keymap", "");
    return keymap;
}
