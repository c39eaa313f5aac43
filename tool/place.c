#include "tool/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "generations/change.h"
#include "generations/facts.h"
#include "generations/nix.h"
#include "tool/booted.h"
#include "tool/declared.h"
#include "tool/verb.h"

/* What the system runs on is known by its tree, for other stores have the same numbers. */
static int find_booted(struct target root, struct store_place *place, struct error *error)
{
    struct booted booted = {0};
    struct stat ours, tree;
    int code = booted_read(place->arena, root, &booted, error);
    if (code == -ENOENT || (code == 0 && booted.generation == 0))
        return 0;
    if (code < 0)
        return code;
    const char *image, *there = booted.image ? booted.image : booted.tree;
    const char *path = place->declared.kind == STORE_NIX
                           ? nix_name(place->arena, booted.generation)
                           : facts_tree(place->arena, place->store, booted.generation, &image);
    auto_fd fd = there ? path_open_in_root(root.fd, there, O_PATH) : -1;
    if (fstatat(place->store, path, &ours, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (fd < 0 || fstat(fd, &tree) < 0 ||
        (tree.st_dev == ours.st_dev && tree.st_ino == ours.st_ino))
        place->booted = booted.generation;
    return 0;
}

/* There is none before the first boot. */
static int read_record(struct target root, struct store_place *place, struct error *error)
{
    place->record_fd = declared_record(place->arena, root, place->config, error);
    if (place->record_fd == -ENOENT)
        return 0;
    int code = place->record_fd < 0 ? place->record_fd
                                    : record_read(place->record_fd, &place->record, error);
    if (code == 0 && place->record.chosen)
        place->default_choice = arena_printf(place->arena, "%u", place->record.chosen);
    return code;
}

int place_clear_choice(struct store_place *place, struct error *error)
{
    if (!place->record.chosen)
        return 0;
    int code = record_read(place->record_fd, &place->record, error);
    record_choose(&place->record, 0);
    return code < 0 ? code : record_write(place->record_fd, &place->record, error);
}

static int open_declared(struct target root, const struct place_wish *wish,
                         struct store_place *place, struct error *error)
{
    place->config = verb_config(wish->config, NULL);
    if (!place->config)
        return error_set(error, EINVAL, "where the generations are is not known without it");
    place->declared = place->config->generations;
    place->default_choice = place->declared.default_choice;
    place->volume = declared_place(place->arena, root, place->declared.place.volume, error);
    return place->volume < 0 ? place->volume : read_record(root, place, error);
}

static int open_folder(const struct place_wish *wish, struct store_place *place,
                       struct error *error)
{
    if (wish->config && !(place->config = verb_config(wish->config, NULL)))
        return error_set(error, EINVAL, "the configuration \"%s\" cannot be used", wish->config);
    place->default_choice = "latest";
    place->declared.place.path = "/";
    place->volume = open(wish->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place->volume < 0 ? error_system(error, errno, "cannot open \"%s\"", wish->store) : 0;
}

int place_open(struct arena *arena, struct target root, const struct place_wish *wish, bool lock,
               struct store_place *place, struct error *error)
{
    *place = (struct store_place){.arena = arena, .volume = -1, .store = -1, .record_fd = -1};
    int code =
        wish->store ? open_folder(wish, place, error) : open_declared(root, wish, place, error);
    if (code == 0)
        code = place->store = store_open(place->volume, &place->declared, error);
    if (code >= 0 && lock) {
        memory_close_fd(&place->store);
        place->store = -1;
        code = store_lock(place->volume, place->declared.place.path, &place->store, error);
    }
    return code < 0 ? code : find_booted(root, place, error);
}

int place_check_own(const struct store_place *place, struct error *error)
{
    if (place->declared.kind == STORE_EBB)
        return 0;
    return error_set(error, EPERM,
                     "\"%s\" is a Nix profile, whose generations Ebb only boots; make and delete "
                     "them with nixos-rebuild or nix-env",
                     place->declared.place.path);
}

void place_close(const struct store_place *place)
{
    memory_close_fd(&place->store);
    memory_close_fd(&place->volume);
    memory_close_fd(&place->record_fd);
    config_free(place->config);
}

int place_choose(const struct store_place *place, const char *choice,
                 const struct generation **generation, struct error *error)
{
    return generation_choose(place->arena, place->volume, &place->declared, &place->record, choice,
                             generation, error);
}

static int find_booted_one(const struct store_place *place, const struct generation **generation,
                           struct error *error)
{
    if (!place->booted)
        return error_set(error, ENOENT,
                         "this system was not booted from these generations; name one instead of "
                         "\"booted\", as `ebb list` shows them");
    return place_choose(place, arena_printf(place->arena, "%u", place->booted), generation, error);
}

int place_find(const struct store_place *place, const char *word,
               const struct generation **generation, struct error *error)
{
    return strcmp(word, "booted") == 0 ? find_booted_one(place, generation, error)
                                       : place_choose(place, word, generation, error);
}
