#include "kconfig/fragments.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/path.h"

/* The file itself stays the only copy of its text. */
#define FRAGMENT(name)                                                                             \
    __asm__(".pushsection .rodata\n"                                                               \
            "fragment_" #name ": .incbin \"kconfig/" #name ".config\"\n"                           \
            "fragment_" #name "_end: .byte 0\n"                                                    \
            ".popsection\n");                                                                      \
    extern const char fragment_##name[], fragment_##name##_end[]
FRAGMENT(spine);
FRAGMENT(drivers);
FRAGMENT(ext4);
FRAGMENT(xfs);
FRAGMENT(btrfs);
FRAGMENT(f2fs);
FRAGMENT(vfat);
FRAGMENT(dm);
FRAGMENT(luks);
FRAGMENT(lvm);
FRAGMENT(raid);
FRAGMENT(overlay);
FRAGMENT(loop);
FRAGMENT(erofs);
FRAGMENT(squashfs);
FRAGMENT(guard);
FRAGMENT(efi);
FRAGMENT(kexec);
FRAGMENT(secrets);
FRAGMENT(copies);
FRAGMENT(keymap);

/* What a declaration may use; the fragments are chosen by it. */
enum use {
    USE_ALWAYS = 1 << 0,
    USE_EXT = 1 << 1,
    USE_XFS = 1 << 2,
    USE_BTRFS = 1 << 3,
    USE_F2FS = 1 << 4,
    USE_VFAT = 1 << 5,
    USE_LUKS = 1 << 6,
    USE_LVM = 1 << 7,
    USE_RAID = 1 << 8,
    USE_LAYERS = 1 << 9, /* in memory, over what is not written */
    USE_SUBVOLUME = 1 << 10,
    USE_GENERATIONS = 1 << 11,
    USE_EROFS = 1 << 12,
    USE_SQUASHFS = 1 << 13,
    USE_BOOT = 1 << 14,
    USE_SECRETS = 1 << 15,
    USE_COPIES = 1 << 16,
    USE_KEYMAP = 1 << 17,
};

#define ROW(name, uses)                                                                            \
    {                                                                                              \
        "kconfig/" #name ".config", fragment_##name, fragment_##name##_end, (uses)                 \
    }
static const struct {
    const char *path, *begin, *end;
    unsigned uses; /* any of them asks for it */
} fragments[] = {
    ROW(spine, USE_ALWAYS),
    ROW(drivers, USE_ALWAYS),
    ROW(raid, USE_RAID),
    ROW(dm, USE_LUKS | USE_LVM),
    ROW(lvm, USE_LVM),
    ROW(luks, USE_LUKS),
    ROW(ext4, USE_EXT),
    ROW(xfs, USE_XFS),
    ROW(btrfs, USE_BTRFS),
    ROW(f2fs, USE_F2FS),
    ROW(vfat, USE_VFAT),
    ROW(overlay, USE_LAYERS),
    ROW(guard, USE_GENERATIONS),
    ROW(loop, USE_EROFS | USE_SQUASHFS),
    ROW(erofs, USE_EROFS),
    ROW(squashfs, USE_SQUASHFS),
    ROW(efi, USE_BOOT | USE_SUBVOLUME),
    ROW(kexec, USE_BOOT),
    ROW(secrets, USE_SECRETS),
    ROW(copies, USE_COPIES),
    ROW(keymap, USE_KEYMAP),
};

static unsigned uses_of_volume(const struct volume *volume)
{
    static const struct {
        const char *pattern;
        unsigned use;
    } types[] = {{"ext[234]", USE_EXT},
                 {"xfs", USE_XFS},
                 {"btrfs", USE_BTRFS},
                 {"f2fs", USE_F2FS},
                 {"vfat", USE_VFAT}};
    unsigned uses = (volume->luks ? USE_LUKS : 0U) | (volume->on.lvm ? USE_LVM : 0U) |
                    (volume->on.raid ? USE_RAID : 0U) |
                    (volume->fs.damaged != DAMAGED_RESCUE ? USE_LAYERS : 0U);
    for (size_t i = 0; volume->fs.type && i < ARRAY_LENGTH(types); i++)
        if (fnmatch(types[i].pattern, volume->fs.type, 0) == 0)
            uses |= types[i].use;
    return uses;
}

static unsigned uses_of(const struct config *config)
{
    unsigned uses = USE_ALWAYS;
    for (size_t i = 0; i < config->volume_count; i++)
        uses |= uses_of_volume(config->volumes[i]);
    for (size_t i = 0; i < config->entry_count; i++)
        uses |= config->entries[i]->method == METHOD_COPY ? USE_COPIES : 0U;
    return uses | (config->root.kind == ROOT_OVERLAY ? USE_LAYERS : 0U) |
           (config->root.kind == ROOT_SUBVOLUME ? USE_SUBVOLUME : 0U) |
           (config->generations.origin.file ? USE_GENERATIONS : 0U) |
           (config->generations.trees & IMAGE_EROFS ? USE_EROFS : 0U) |
           (config->generations.trees & IMAGE_SQUASHFS ? USE_SQUASHFS : 0U) |
           (config->boot.place.volume_name || config->generations.kind == STORE_NIX ? USE_BOOT
                                                                                    : 0U) |
           (config->secret_entry_count ? USE_SECRETS : 0U) |
           (config->keymap.name && strcmp(config->keymap.name, "none") != 0 ? USE_KEYMAP : 0U);
}

struct options *fragments_wanted(struct arena *arena, const struct config *config, size_t *count)
{
    unsigned uses = uses_of(config);
    struct options *wanted = NULL;
    *count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(fragments); i++)
        if (fragments[i].uses & uses)
            *ARENA_PUSH(arena, wanted, *count) =
                (struct options){fragments[i].path, fragments[i].begin,
                                 (size_t)(fragments[i].end - fragments[i].begin)};
    return wanted;
}

/* NULL: there is none. */
static const char *find_configuration(struct arena *arena, const char *version)
{
    const char *const places[] = {arena_printf(arena, "/boot/config-%s", version),
                                  arena_printf(arena, "/lib/modules/%s/config", version),
                                  arena_printf(arena, "/usr/lib/modules/%s/config", version)};
    return path_first(places, ARRAY_LENGTH(places));
}

static const char *find_running(struct arena *arena)
{
    static const char own[] = "/proc/config.gz";
    struct utsname running;
    if (access(own, R_OK) == 0)
        return own;
    return uname(&running) == 0 ? find_configuration(arena, running.release) : NULL;
}

int fragments_check(struct arena *arena, const struct config *config, const char *wanted,
                    struct option_gap **gaps, size_t *count, struct error *error)
{
    bool running = strcmp(wanted, "running") == 0;
    const char *path = strchr(wanted, '/') ? wanted
                       : running           ? find_running(arena)
                                           : find_configuration(arena, wanted);
    if (!path && running)
        return error_set(error, ENOENT,
                         "the running kernel has no /proc/config.gz, and there is no configuration "
                         "of it in /boot or /lib/modules; name the file that it was built from");
    if (!path)
        return error_set(error, ENOENT,
                         "there is no configuration of the kernel \"%s\" in /boot or /lib/modules; "
                         "name its file, or \"running\" for the running one",
                         wanted);
    struct options kernel;
    int code = options_read(arena, path, &kernel, error);
    size_t fragment_count;
    const struct options *wants = fragments_wanted(arena, config, &fragment_count);
    *gaps = NULL, *count = 0;
    for (size_t i = 0; code == 0 && i < fragment_count; i++) {
        struct option_gap *some = NULL;
        size_t some_count = 0;
        code = options_check(arena, &wants[i], &kernel, &some, &some_count, error);
        for (size_t j = 0; code == 0 && j < some_count; j++)
            *ARENA_PUSH(arena, *gaps, *count) = some[j];
    }
    return code;
}
