#include "vm/scratch.h"

#include <errno.h>
#include <string.h>

#include "mounts/device.h"
#include "vm/keys.h"
#include "vm/state.h"
#include "vm/tree.h"

/* Costs nothing while it is a hole, which a container has none of. */
#define MIB (1024ULL * 1024)
#define ROOM (1024 * MIB)
#define ENCRYPTED_ROOM (128 * MIB)
#define ESP_ROOM (128 * MIB) /* its table of clusters is read whole by firmware */

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

static bool is_for(const struct scratch *scratch, const struct scratch_given *given,
                   const struct volume *volume)
{
    const struct volume *named = config_volume(scratch->config, given->volume);
    return named && same_device(named, volume);
}

bool scratch_is_given(const struct scratch *scratch, const struct volume *volume)
{
    for (size_t i = 0; i < scratch->given_count; i++)
        if (is_for(scratch, &scratch->given[i], volume))
            return true;
    return false;
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

/* Whether the volume has no disk of its own. */
static bool lies_in_another(const struct volume *volume)
{
    return volume->on.lvm || strncmp(volume->device, "/dev/mapper/", 12) == 0;
}

static bool is_nest(const struct config *config, const struct volume *volume)
{
    for (size_t i = 0; volume->luks && !volume->fs.type && i < config->volume_count; i++)
        if (lies_in_another(config->volumes[i]))
            return true;
    return false;
}

/* What cannot be made has to come from somebody who knows what is in it. */
static int check(const struct scratch *scratch, const struct volume *volume, struct error *error)
{
    const char *objection = NULL;
    if (has_option(volume->fs.options, "subvol") || has_option(volume->fs.options, "subvolid"))
        objection = "is a subvolume, which scratch disks cannot have";
    else if (volume->on.raid)
        objection = "is an array, which scratch disks cannot be";
    else if (lies_in_another(volume))
        objection = "lies in a volume group or in another device, which scratch disks cannot be";
    else if (is_nest(scratch->config, volume))
        objection = "is a container in which other volumes are expected, which cannot be guessed";
    else if (holds_generations(scratch->config, volume) &&
             scratch->config->generations.kind == STORE_NIX)
        objection = "holds a Nix profile, which only Nix can make";
    if (!objection)
        return 0;
    return error_set(error, ENOTSUP,
                     "the volume \"%s\" %s; give an image of what it lies on with --disk %s=FILE",
                     volume->name, objection, volume->name);
}

/* The tags are those of what the device itself is. */
static int encrypt(struct arena *arena, const struct scratch *scratch, const struct volume *volume,
                   struct disk *disk, struct error *error)
{
    struct encryption *encryption = arena_alloc(arena, sizeof(*encryption));
    *encryption = (struct encryption){
        .uuid = TAKE_PTR(disk->uuid), .label = TAKE_PTR(disk->label), .empty = !volume->fs.type};
    disk->room = ENCRYPTED_ROOM;
    disk->encryption = encryption;
    return keys_make(arena, scratch, volume, encryption, error);
}

/* The volume that firmware is to boot from: that of `boot`, or what looks like one. */
static const struct volume *find_esp(const struct scratch *scratch)
{
    if (scratch->boot && scratch->config->boot.place.volume)
        return scratch->config->boot.place.volume;
    for (size_t i = 0; scratch->boot && i < scratch->config->volume_count; i++) {
        const struct volume *volume = scratch->config->volumes[i];
        if (volume->fs.type && strcmp(volume->fs.type, "vfat") == 0 && !volume->luks &&
            !volume->holds_state && !device_is_key(volume))
            return volume;
    }
    return NULL;
}

static void make_bootable(const struct scratch *scratch, struct disk *disk)
{
    disk->esp = true;
    disk->room = ESP_ROOM;
    disk->content = scratch->boot;
}

static int make_disk(struct arena *arena, const struct scratch *scratch,
                     const struct volume *volume, const char *path, struct error *error)
{
    if (check(scratch, volume, error) < 0)
        return -error->code;
    struct disk disk = {
        .path = path,
        .room = ROOM,
        .fs_type = volume->fs.type,
        .uuid = after(volume->device, "UUID="),
        .label = after(volume->device, "LABEL="),
        .partuuid = after(volume->device, "PARTUUID="),
        .partlabel = after(volume->device, "PARTLABEL="),
    };
    int code = volume->luks ? encrypt(arena, scratch, volume, &disk, error) : 0;
    if (device_is_key(volume))
        disk.content = keys_content(arena, scratch, volume);
    const struct volume *esp = find_esp(scratch);
    if (esp && same_device(esp, volume))
        make_bootable(scratch, &disk);
    if (code == 0)
        code = volume->holds_state ? make_state(scratch, &disk, volume, error)
                                   : disk_make(&disk, error);
    return code < 0 ? error_prefix(error, "volume \"%s\"", volume->name) : 0;
}

struct disks {
    struct arena *arena;
    enum vm_bus bus;
    struct vm_disk *list;
    size_t count;
};

/* One image may be what several volumes lie on. */
static void attach(struct disks *disks, const char *path)
{
    for (size_t i = 0; i < disks->count; i++)
        if (strcmp(disks->list[i].path, path) == 0)
            return;
    *ARENA_PUSH(disks->arena, disks->list, disks->count) =
        (struct vm_disk){.path = path, .bus = disks->bus};
}

static int bring(struct disks *disks, const struct scratch *scratch, const struct volume *volume,
                 struct error *error)
{
    for (size_t i = 0; i < scratch->given_count; i++)
        if (is_for(scratch, &scratch->given[i], volume))
            attach(disks, scratch->given[i].path);
    if (scratch_is_given(scratch, volume))
        return 0;
    const char *path = arena_printf(disks->arena, "%s/%s.img", scratch->folder, volume->name);
    if (make_disk(disks->arena, scratch, volume, path, error) < 0)
        return -error->code;
    attach(disks, path);
    return 0;
}

/* One that the configuration does not know. */
static int bring_esp(struct disks *disks, const struct scratch *scratch, struct error *error)
{
    struct disk disk = {.path = arena_printf(disks->arena, "%s/ESP.img", scratch->folder),
                        .fs_type = "vfat"};
    make_bootable(scratch, &disk);
    if (disk_make(&disk, error) < 0)
        return -error->code;
    attach(disks, disk.path);
    return 0;
}

int scratch_make(struct arena *arena, const struct scratch *scratch, struct vm_disk **disks,
                 size_t *count, struct error *error)
{
    struct disks made = {.arena = arena, .bus = scratch->bus};
    const struct volume *esp = find_esp(scratch);
    for (int keys = 0; keys <= 1; keys++) /* what is on a volume of keys is known last */
        for (size_t i = 0; i < scratch->config->volume_count; i++) {
            const struct volume *volume = spokesman(scratch->config, i);
            if (volume && device_is_key(volume) == (keys == 1) &&
                bring(&made, scratch, volume, error) < 0)
                return -error->code;
        }
    if (scratch->boot && !esp && bring_esp(&made, scratch, error) < 0)
        return -error->code;
    *disks = made.list;
    *count = made.count;
    return 0;
}
