#include "vm/scratch.h"

#include <errno.h>
#include <string.h>

#include "vm/state.h"
#include "vm/tree.h"

/* Costs nothing while it is a hole. */
#define ROOM (1024ULL * 1024 * 1024)

static const char *after(const char *device, const char *tag)
{
    size_t length = strlen(tag);
    return strncmp(device, tag, length) == 0 ? device + length : NULL;
}

static bool has_option(const char *options, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = options; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return true;
    return false;
}

static bool same_device(const struct volume *left, const struct volume *right)
{
    return strcmp(left->device, right->device) == 0;
}

static const char *given_for(const struct scratch *scratch, const struct volume *volume)
{
    for (size_t i = 0; i < scratch->given_count; i++) {
        const struct volume *named = config_volume(scratch->config, scratch->given[i].volume);
        if (named && same_device(named, volume))
            return scratch->given[i].path;
    }
    return NULL;
}

/* Several volumes may lie on one device: the one that says most about what must be on it, or NULL
 * if the device has had its turn. */
static const struct volume *spokesman(const struct config *config, size_t number)
{
    const struct volume *volume = config->volumes[number];
    for (size_t i = 0; i < number; i++)
        if (same_device(config->volumes[i], volume))
            return NULL;
    for (size_t i = number + 1; i < config->volume_count && !volume->holds_state; i++)
        if (same_device(config->volumes[i], volume) && config->volumes[i]->holds_state)
            volume = config->volumes[i];
    return volume;
}

static bool holds_generations(const struct config *config, const struct volume *volume)
{
    const struct volume *store = config->generations.place.volume;
    return store && same_device(store, volume);
}

static int make_state(const struct scratch *scratch, const struct disk *disk,
                      const struct volume *volume, struct error *error)
{
    const struct config *config = scratch->config;
    bool boots = holds_generations(config, volume);
    const struct store_request store = {
        .identity = volume->identity,
        .generations = boots ? config->generations.place.path : "/generations",
        .tree = -1,
    };
    if (!boots || scratch->tree)
        return state_make(disk, &store, boots ? scratch->tree : NULL, error);
    auto_arena arena = arena_new();
    const char *tree = arena_printf(arena, "%s/tree", scratch->folder);
    if (tree_make(tree, config, error) < 0)
        return -error->code;
    return state_make(disk, &store, tree, error);
}

static int make_disk(const struct scratch *scratch, const struct volume *volume, const char *path,
                     struct error *error)
{
    if (has_option(volume->fs.options, "subvol") || has_option(volume->fs.options, "subvolid"))
        return error_set(error, ENOTSUP,
                         "the volume \"%s\" is a subvolume, which scratch disks cannot have; give "
                         "an image with --disk %s=FILE",
                         volume->name, volume->name);
    const struct disk disk = {
        .path = path,
        .room = ROOM,
        .fs_type = volume->fs.type,
        .uuid = after(volume->device, "UUID="),
        .label = after(volume->device, "LABEL="),
        .partuuid = after(volume->device, "PARTUUID="),
        .partlabel = after(volume->device, "PARTLABEL="),
    };
    int code =
        volume->holds_state ? make_state(scratch, &disk, volume, error) : disk_make(&disk, error);
    return code < 0 ? error_prefix(error, "volume \"%s\"", volume->name) : 0;
}

int scratch_make(struct arena *arena, const struct scratch *scratch, struct vm_disk **disks,
                 size_t *count, struct error *error)
{
    struct vm_disk *list = NULL;
    size_t made = 0;
    for (size_t i = 0; i < scratch->config->volume_count; i++) {
        const struct volume *volume = spokesman(scratch->config, i);
        if (!volume)
            continue;
        const char *path = given_for(scratch, volume);
        if (!path) {
            path = arena_printf(arena, "%s/%s.img", scratch->folder, volume->name);
            if (make_disk(scratch, volume, path, error) < 0)
                return -error->code;
        }
        *ARENA_PUSH(arena, list, made) = (struct vm_disk){.path = path, .bus = scratch->bus};
    }
    *disks = list;
    *count = made;
    return 0;
}
