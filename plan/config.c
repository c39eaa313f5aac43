#include "plan/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "plan/keyword.h"
#include "plan/load.h"
#include "plan/suggest.h"

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
    case DECLARED_SECRETS:
        *ARENA_PUSH(config->arena, config->secrets, config->secrets_count) = declaration->object;
        break;
    case DECLARED_SECRET:
        *ARENA_PUSH(config->arena, config->secret_entries, config->secret_entry_count) =
            declaration->object;
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
    case DECLARED_KEYMAP:
        config->keymap = *(struct keymap *)declaration->object;
        break;
    case DECLARED_BOOT:
        config->boot = *(struct boot_entries *)declaration->object;
        break;
    }
}

/* Silent where the volume is declared, but not well enough to be in the list, or where it may stand
 * in what could not be read: that was reported already. */
static void report_unknown(struct config *config, const struct place *place, struct report *report)
{
    const char **names = NULL, *wanted = place->volume_name;
    size_t count = 0;
    bool lost = config->incomplete;
    for (size_t i = 0; i < config->declaration_count; i++) {
        if (config->declarations[i]->kind != DECLARED_VOLUME)
            continue;
        const char *name = ((struct volume *)config->declarations[i]->object)->name;
        if (strcmp(name, wanted) == 0)
            return;
        if (*name)
            *ARENA_PUSH(config->arena, names, count) = name;
        else
            lost = true;
    }
    const char *near = suggest(wanted, names, count);
    if (near)
        report_error(report, place->origin, "no volume \"%s\" is declared; did you mean \"%s\"?",
                     wanted, near);
    else if (!lost)
        report_error(report, place->origin,
                     "no volume \"%s\" is declared; add: volume %s UUID=ID { ... }", wanted,
                     wanted);
}

/* The volume that a place lies on; NULL if there is none, which is reported then. */
static struct volume *resolve_place(struct config *config, struct place *place,
                                    struct report *report)
{
    if (!place->volume_name)
        return NULL; /* reported already, or nothing is named */
    for (size_t i = 0; i < config->volume_count; i++)
        if (strcmp(config->volumes[i]->name, place->volume_name) == 0)
            return place->volume = config->volumes[i];
    report_unknown(config, place, report);
    return NULL;
}

static void resolve_state(struct config *config, struct place *place, struct report *report)
{
    struct volume *volume = resolve_place(config, place, report);
    if (volume)
        volume->holds_state = true;
}

static void resolve_keys(struct config *config, struct luks *luks, struct report *report)
{
    struct volume *volumes[] = {resolve_place(config, &luks->key.place, report),
                                resolve_place(config, &luks->header.place, report)};
    for (size_t i = 0; i < ARRAY_LENGTH(volumes); i++)
        if (volumes[i])
            volumes[i]->holds_keys = true;
}

/* The part of `path` below `folder` that is to be put behind another; NULL: it is not in it. */
static const char *part_of(const char *path, const char *folder, size_t *longest)
{
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    if (!path_is_within(path, folder) || length < *longest)
        return NULL;
    *longest = length;
    return path + length;
}

/* What is named as the running system sees it may be on a volume that is shown there, or what an
 * entry brings back; the one nearest to it counts. Else it is in the tree. */
static void resolve_seen(struct config *config, struct place *place)
{
    if (place->volume_name || !place->path)
        return;
    const char *path = place->path, *part;
    size_t longest = 0;
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        if (!volume->mount || !(part = part_of(path, volume->mount, &longest)))
            continue;
        place->volume_name = volume->name;
        place->path = *part ? part : "/";
    }
    for (size_t i = 0; i < config->entry_count; i++) {
        const struct persist_entry *entry = config->entries[i];
        if (!(part = part_of(path, entry->target, &longest)))
            continue;
        place->volume_name = entry->store->volume_name;
        place->path = arena_printf(config->arena, "%s%s", entry->source, part);
    }
}

/* A volume that is found so is only read, and need hold no state. */
static void resolve_source(struct config *config, struct place *place, struct report *report)
{
    bool is_seen = !place->volume_name;
    resolve_seen(config, place);
    if (is_seen)
        (void)resolve_place(config, place, report); /* it is there, or nothing is named */
    else
        resolve_state(config, place, report);
}

static void resolve_key(struct config *config, struct place *place, struct report *report)
{
    resolve_source(config, place, report);
    if (place->path && !place->volume_name && !config->incomplete)
        report_error(report, place->origin,
                     "the key \"%s\" is on no volume; declare it as persistent, or write "
                     "VOLUME:/path",
                     place->path);
}

static void resolve_secrets(struct config *config, struct secrets *secrets, struct report *report)
{
    resolve_source(config, &secrets->place, report);
    for (size_t i = 0; i < secrets->key_count; i++)
        resolve_key(config, &secrets->keys[i]->place, report);
}

/* Declarations without a good name were reported; nothing further can be said of them. */
static bool is_whole(const struct declaration *declaration)
{
    if (declaration->directive->dropped)
        return false;
    switch (declaration->kind) {
    case DECLARED_ENTRY:
        return ((struct persist_entry *)declaration->object)->target != NULL;
    case DECLARED_SECRET:
        return ((struct secret_entry *)declaration->object)->name != NULL &&
               (((struct secret_entry *)declaration->object)->file ||
                ((struct secret_entry *)declaration->object)->template.path);
    case DECLARED_HOOK:
        return ((struct hook *)declaration->object)->path != NULL;
    case DECLARED_MODULE:
        return ((struct wanted_module *)declaration->object)->name != NULL;
    case DECLARED_KEYMAP:
        return ((struct keymap *)declaration->object)->name != NULL;
    case DECLARED_VOLUME:
        return ((struct volume *)declaration->object)->device != NULL &&
               *((struct volume *)declaration->object)->name;
    case DECLARED_ROOT:
    case DECLARED_GENERATIONS:
    case DECLARED_STORE:
    case DECLARED_SECRETS:
    case DECLARED_RESCUE:
    case DECLARED_BOOT:
        return true;
    }
    return false;
}

/* One that lies elsewhere is there before everything else, and holds no state. */
static void resolve_record(struct config *config, struct report *report)
{
    struct generations *generations = &config->generations;
    struct place *record = &generations->record;
    if (!record->volume_name && !record->origin.file) {
        *record = generations->place;
        record->path = "/.ebb/record";
        return;
    }
    struct volume *volume = resolve_place(config, record, report);
    if (volume && volume != generations->place.volume)
        volume->holds_record = true;
}

static void resolve(struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->declaration_count; i++)
        if (config->declarations[i]->kind == DECLARED_STORE)
            resolve_state(config, config->declarations[i]->object, report);
    for (size_t i = 0; i < config->volume_count; i++)
        if (config->volumes[i]->luks)
            resolve_keys(config, config->volumes[i]->luks, report);
    for (size_t i = 0; i < config->secrets_count; i++)
        resolve_secrets(config, config->secrets[i], report);
    for (size_t i = 0; i < config->secret_entry_count; i++)
        resolve_source(config, &config->secret_entries[i]->template, report);
    resolve_state(config, &config->generations.place, report);
    resolve_record(config, report);
    resolve_state(config, &config->root.place, report);
    (void)resolve_place(config, &config->root.blank, report); /* it may name none */
    (void)resolve_place(config, &config->boot.place, report); /* the same */
}

struct config *config_load(const char *file, const char *const *extra, struct report *report)
{
    struct arena *arena = arena_new();
    struct config *config = arena_alloc(arena, sizeof(*config));
    config->arena = arena;
    config->file = arena_string(arena, file);
    config->root = (struct root){.origin = {config->file, 0, 0},
                                 .size = ROOT_SIZE,
                                 .inodes = ROOT_INODES,
                                 .mode = 0755,
                                 .keep = ROOT_KEEP};
    config->generations.default_choice = "latest";
    config->generations.tries = GENERATIONS_TRIES;
    config->rescue = (struct rescue){{config->file, 0, 0}, RESCUE_WAIT, 30000, "no"};
    load_file(config, config->file, 0, report);
    for (; extra && *extra; extra++)
        load_file(config, *extra, 1, report);
    config->incomplete = report->errors > 0;
    for (size_t i = 0; i < config->directive_count; i++)
        keyword_read(config, language, language_length, NULL, NULL, &config->directives[i], report);
    resolve_overrides(config, report);
    for (size_t i = 0; i < config->declaration_count; i++)
        if (is_whole(config->declarations[i]))
            collect(config, config->declarations[i]);
    resolve(config, report);
    return config;
}

/* The volume as the image brings it up, mounted where the configuration says. */
static struct volume *join_volume(struct config *config, const struct volume *volume)
{
    struct volume *joined = arena_alloc(config->arena, sizeof(*joined));
    const struct volume *own = config_volume(config, volume->name);
    *joined = *volume;
    if (own) {
        joined->mount = own->mount;
        joined->mount_origin = own->mount_origin;
    }
    return joined;
}

void config_join(struct config *config, const struct config *image, struct report *report)
{
    struct volume **volumes = NULL;
    size_t count = 0;
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *own = config->volumes[i], *theirs = config_volume(image, own->name);
        if (!theirs || (own->holds_state && !theirs->holds_state))
            report_error(report, own->origin,
                         "the image was made without the volume \"%s\"%s; boot the image of this "
                         "generation, or make it with `ebb build`",
                         own->name, theirs ? " as one that holds state" : "");
    }
    for (size_t i = 0; i < image->volume_count; i++)
        *ARENA_PUSH(config->arena, volumes, count) = join_volume(config, image->volumes[i]);
    config->volumes = volumes;
    config->volume_count = count;
    config->generations = image->generations;
    config->boot = image->boot;
    config->hooks = image->hooks;
    config->hook_count = image->hook_count;
    config->modules = image->modules;
    config->module_count = image->module_count;
    config->rescue = image->rescue;
    config->keymap = image->keymap;
    resolve(config, report);
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

const char *place_text(struct arena *arena, const struct place *place)
{
    return place->volume_name ? arena_printf(arena, "%s:%s", place->volume_name, place->path)
                              : place->path;
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

const struct persist_entry *config_entry(const struct config *config, const char *target)
{
    for (size_t i = 0; i < config->entry_count; i++)
        if (strcmp(config->entries[i]->target, target) == 0)
            return config->entries[i];
    return NULL;
}
