/* Where the state volumes are on a system that Ebb did not boot. */
#include "tool/adopting.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <string.h>
#include <unistd.h>

#include "generations/identity.h"
#include "generations/store.h"
#include "tool/booted.h"
#include "tool/secrets_place.h"

/* The top of what a boot would mount: all of the file system, or the declared subvolume. */
static bool is_top(const struct volume *volume, struct libmnt_fs *fs)
{
    char *subvolume = NULL;
    size_t length = 0;
    const char *root = mnt_fs_get_root(fs);
    bool is_part = volume->fs.options &&
                   mnt_optstr_get_option(volume->fs.options, "subvol", &subvolume, &length) == 0;
    if (!root || !is_part)
        return root && strcmp(root, "/") == 0;
    root += *subvolume != '/';
    return strlen(root) == length && strncmp(root, subvolume, length) == 0;
}

/* The folder that it is mounted on, or NULL. */
static const char *find_mounted(struct arena *arena, const struct volume *volume)
{
    const char *source = volume->luks
                             ? arena_printf(arena, "/dev/mapper/%s",
                                            volume->luks->name ? volume->luks->name : volume->name)
                             : volume->device;
    const char *found = NULL;
    struct libmnt_cache *cache = mnt_new_cache();
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
    if (!cache || !table || !place)
        memory_exhausted();
    for (struct libmnt_fs *fs; !found && mnt_table_next_fs(table, place, &fs) == 0;)
        if (is_top(volume, fs) && mnt_fs_match_source(fs, source, cache))
            found = arena_string(arena, mnt_fs_get_target(fs));
    mnt_free_iter(place);
    mnt_unref_table(table);
    mnt_unref_cache(cache);
    return found;
}

static int open_volume(struct adopting *adopting, const struct volume *volume, struct error *error)
{
    char identity[IDENTITY_SIZE];
    struct volume_state *state = context_volume(adopting->context, volume);
    const char *place = state->fd < 0 ? find_mounted(adopting->arena, volume) : NULL;
    if (state->fd < 0 && !place)
        return error_set(error, ENOENT,
                         "the volume \"%s\" is not mounted; mount it, and say where with "
                         "--volume %s=DIR",
                         volume->name, volume->name);
    if (place)
        state->fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->fd < 0)
        return error_system(error, errno, "cannot open \"%s\"", place);
    int code = identity_read(state->fd, identity, error);
    if (code < 0 && code != -ENOENT)
        return error_prefix(error, "the volume \"%s\"", volume->name);
    if (code == 0 && volume->identity && strcmp(volume->identity, identity) != 0)
        return error_set(error, ESTALE, "\"%s\" is the state volume %s, and is declared to be %s",
                         volume->name, identity, volume->identity);
    if (code == 0)
        state->identity = arena_string(adopting->arena, identity);
    return 0;
}

/* A system that is a generation already has nothing to adopt. */
static int check_new(struct adopting *adopting, struct error *error)
{
    struct booted booted = {0};
    struct stat tree, top, root;
    unsigned *numbers = NULL;
    size_t count = 0;
    const struct place *place = &adopting->config->generations.place;
    int volume = context_volume(adopting->context, place->volume)->fd;
    int code = booted_read(adopting->arena, adopting->root, &booted, error);
    if (code < 0 && code != -ENOENT)
        return code;
    auto_fd fd = code == 0 && booted.tree
                     ? path_open_in_root(adopting->root.fd, booted.tree, O_PATH | O_DIRECTORY)
                     : -1;
    if (fd >= 0 && fstat(fd, &tree) == 0 && fstat(volume, &top) == 0 && tree.st_dev == top.st_dev)
        return error_set(error, EEXIST,
                         "this system is generation %u of \"%s\" already; `ebb new` makes another "
                         "one of it",
                         booted.generation, place->volume_name);
    auto_fd store = path_open(volume, place->path, O_RDONLY | O_DIRECTORY);
    if (store < 0 || fstat(volume, &top) < 0 || fstat(adopting->root.fd, &root) < 0 ||
        top.st_dev != root.st_dev || top.st_ino != root.st_ino)
        return 0;
    code = store_numbers(adopting->arena, store, STORE_EBB, &numbers, &count, error);
    if (code < 0 || count == 0)
        return code;
    return error_set(error, EEXIST,
                     "this system is adopted already, as generation %u in \"%s\"; to adopt it "
                     "anew, remove that folder first",
                     numbers[0], place->path);
}

int adopt_volumes(struct adopting *adopting, struct error *error)
{
    const struct adopt_wish *wish = adopting->wish;
    const struct config *config = adopting->config;
    adopting->context = places_new(adopting->arena, config, adopting->root);
    if (!config->generations.place.volume)
        return error_set(error, EINVAL,
                         "\"%s\" declares no generations; add: generations VOLUME:/generations",
                         config->file);
    for (size_t i = 0; i < wish->volume_count; i++)
        if (places_map(adopting->context, wish->volumes[i], error) < 0)
            return -error->code;
    for (size_t i = 0; i < config->volume_count; i++)
        if (config->volumes[i]->holds_state && open_volume(adopting, config->volumes[i], error) < 0)
            return -error->code;
    return check_new(adopting, error);
}
