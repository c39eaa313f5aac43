#include "tool/declared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generations/identity.h"
#include "generations/record.h"
#include "generations/store.h"
#include "plan/make.h"

static int open_place(struct arena *arena, struct target root, const struct volume *volume,
                      const char **place, struct error *error)
{
    *place =
        volume->mount ? volume->mount : arena_printf(arena, "/run/ebb/volumes/%s", volume->name);
    int fd = path_open_in_root(root.fd, *place, O_RDONLY | O_DIRECTORY);
    return fd < 0 ? error_set(error, -fd,
                              "cannot open \"%s%s\", where the volume \"%s\" should be: %s%s",
                              root.name, *place, volume->name, strerror(-fd),
                              fd == -EACCES ? "; run it as root" : "")
                  : fd;
}

int declared_place(struct arena *arena, struct target root, const struct volume *volume,
                   struct error *error)
{
    const char *place;
    char identity[IDENTITY_SIZE];
    auto_fd fd = open_place(arena, root, volume, &place, error);
    if (fd < 0)
        return fd;
    if (identity_read(fd, identity, error) < 0)
        return error_prefix(error, "\"%s%s\" is not the state volume \"%s\"", root.name, place,
                            volume->name);
    if (volume->identity && strcmp(volume->identity, identity) != 0)
        return error_set(error, ESTALE,
                         "\"%s%s\" is the state volume %s, but \"%s\" is declared to be %s",
                         root.name, place, identity, volume->name, volume->identity);
    return TAKE_FD(fd);
}

static void add(struct arena *arena, struct cover *cover, const char *path)
{
    for (size_t i = 0; i < cover->count; i++)
        if (strcmp(cover->paths[i], path) == 0)
            return;
    *ARENA_PUSH(arena, cover->paths, cover->count) = path;
}

static struct declared_volume *find(struct declared *declared, const struct volume *volume)
{
    for (size_t i = 0; volume && i < declared->count; i++) {
        const struct volume *known = declared->volumes[i].volume;
        /* Another configuration may call it otherwise. */
        if (strcmp(known->name, volume->name) == 0 || strcmp(known->device, volume->device) == 0)
            return &declared->volumes[i];
    }
    return NULL;
}

static void add_place(struct arena *arena, struct declared *declared, const struct place *place)
{
    struct declared_volume *volume = place->volume_name ? find(declared, place->volume) : NULL;
    if (volume)
        *ARENA_PUSH(arena, volume->sources.paths, volume->sources.count) =
            arena_string(arena, place->path);
}

/* All that a configuration names on a volume. */
static void add_config(struct arena *arena, struct declared *declared, const struct config *config)
{
    add_place(arena, declared, &config->generations.place);
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct luks *luks = config->volumes[i]->luks;
        if (luks) {
            add_place(arena, declared, &luks->key.place);
            add_place(arena, declared, &luks->header.place);
        }
    }
    for (size_t i = 0; i < config->secrets_count; i++) {
        const struct secrets *secrets = config->secrets[i];
        add_place(arena, declared, &secrets->place);
        for (size_t j = 0; j < secrets->key_count; j++)
            add_place(arena, declared, &secrets->keys[j]->place);
    }
    for (size_t i = 0; i < config->secret_entry_count; i++)
        add_place(arena, declared, &config->secret_entries[i]->template);
    for (size_t i = 0; i < config->entry_count; i++) {
        const struct persist_entry *entry = config->entries[i];
        struct declared_volume *volume = find(declared, entry->store->volume);
        if (!volume)
            continue;
        *ARENA_PUSH(arena, volume->sources.paths, volume->sources.count) =
            arena_string(arena, entry->source);
        add(arena, &volume->stores, arena_string(arena, entry->store->path));
    }
}

/* The volumes that hold the places of persist entries, those without an entry yet included. */
static int add_volumes(struct arena *arena, struct target root, const struct config *config,
                       struct declared *declared, struct error *error)
{
    for (size_t i = 0; i < config->declaration_count; i++) {
        if (config->declarations[i]->kind != DECLARED_STORE)
            continue;
        const struct place *store = config->declarations[i]->object;
        if (!store->volume)
            continue;
        struct declared_volume *volume = find(declared, store->volume);
        if (!volume) {
            int fd = declared_place(arena, root, store->volume, error);
            if (fd < 0)
                return fd;
            volume = ARENA_PUSH(arena, declared->volumes, declared->count);
            *volume = (struct declared_volume){.volume = store->volume, .fd = fd};
        }
        add(arena, &volume->stores, store->path);
    }
    return 0;
}

int declared_carried(struct arena *arena, int volume, const struct generations *declared,
                     unsigned number, const char *choice, struct config **carried,
                     struct error *error)
{
    const char *path;
    int code = generation_config(arena, volume, declared, number, choice, &path, error);
    if (code < 0 || !path)
        return code;
    auto_fd fd = path_open(volume, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the ebb.conf of generation %u", number);
    struct report report = {.arena = arena};
    auto_config config =
        config_load(arena_printf(arena, "/proc/self/fd/%d/%s", volume, path), NULL, &report);
    if (report.errors) {
        const struct problem *first = report_first_error(&report);
        return error_set(error, EINVAL,
                         "the ebb.conf of generation %u has errors, so what it declares is not "
                         "known; the first, in line %u: %.300s",
                         number, first->origin.line, first->text);
    }
    *carried = TAKE_PTR(config);
    return 0;
}

static int add_generation(struct arena *arena, struct declared *declared, int volume,
                          const struct generations *generations, unsigned number,
                          struct error *error)
{
    auto_config config = NULL;
    int code = declared_carried(arena, volume, generations, number, "", &config, error);
    if (config)
        add_config(arena, declared, config);
    return code == -ENOENT ? 0 : code; /* what is not there declares nothing */
}

static int add_generations(struct arena *arena, struct declared *declared,
                           const struct config *config, struct target root, struct error *error)
{
    const struct generations *generations = &config->generations;
    const struct volume *on = generations->place.volume;
    const struct declared_volume *known = find(declared, on);
    unsigned *numbers = NULL;
    size_t count = 0;
    if (!on)
        return 0;
    auto_fd own = known ? -1 : declared_place(arena, root, on, error);
    int volume = known ? known->fd : own;
    auto_fd store = volume < 0 ? volume : store_open(volume, generations, error);
    if (store < 0)
        return store;
    int code =
        store_numbers(arena, store, (enum store_kind)generations->kind, &numbers, &count, error);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = add_generation(arena, declared, volume, generations, numbers[i], error);
    return code;
}

/* A place within something declared has no orphans: all in it persists by that. */
static void drop_covered(struct declared_volume *volume)
{
    size_t kept = 0;
    for (size_t i = 0; i < volume->stores.count; i++) {
        bool covered = false;
        for (size_t j = 0; j < volume->sources.count && !covered; j++)
            covered = path_is_within(volume->stores.paths[i], volume->sources.paths[j]);
        if (!covered)
            volume->stores.paths[kept++] = volume->stores.paths[i];
    }
    volume->stores.count = kept;
}

int declared_collect(struct arena *arena, struct target root, const struct config *config,
                     struct declared *declared, struct error *error)
{
    *declared = (struct declared){0};
    int code = add_volumes(arena, root, config, declared, error);
    if (code == 0)
        code = add_generations(arena, declared, config, root, error);
    if (code < 0)
        return code;
    add_config(arena, declared, config);
    for (size_t i = 0; i < declared->count; i++) {
        struct declared_volume *volume = &declared->volumes[i];
        drop_covered(volume);
        /* A place in another one is looked at by itself. */
        for (size_t j = 0; j < volume->stores.count; j++)
            if (strcmp(volume->stores.paths[j], "/") != 0)
                *ARENA_PUSH(arena, volume->sources.paths, volume->sources.count) =
                    volume->stores.paths[j];
        cover_sort(&volume->sources);
    }
    return 0;
}

void declared_close(struct declared *declared)
{
    for (size_t i = 0; i < declared->count; i++)
        close(declared->volumes[i].fd);
}

int declared_record(struct arena *arena, struct target root, const struct config *config,
                    struct error *error)
{
    const char *place;
    const struct place *record = &config->generations.record;
    auto_fd volume = record->volume->holds_state
                         ? declared_place(arena, root, record->volume, error)
                         : open_place(arena, root, record->volume, &place, error);
    return volume < 0 ? volume : record_open(volume, record->path, false, error);
}
