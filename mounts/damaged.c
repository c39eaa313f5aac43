#include "mounts/damaged.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "mounts/content.h"
#include "mounts/device.h"
#include "mounts/layer.h"
#include "mounts/watch.h"

/* Others cannot lie below an overlay, as vfat, or write although they are mounted read-only. */
static bool can_lie_below(const char *type)
{
    static const char *const types[] = {"ext4", "ext3", "xfs", "btrfs"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

/* What speaks against it in the declaration, or NULL. */
static const char *declared_objection(const struct config *config, const struct volume *volume)
{
    if (!can_lie_below(volume->fs.type))
        return "only ext4, ext3, xfs and btrfs are known to be read without being written to";
    if (config->root.kind == ROOT_SUBVOLUME && config->root.place.volume == volume)
        return "the root is made on it";
    if (device_is_key(volume))
        return "only keys are read from it";
    if (volume->fs.options && mnt_optstr_get_option(volume->fs.options, "ro", NULL, NULL) == 0)
        return "it is declared read-only";
    return NULL;
}

void damaged_check(const struct config *config, const struct volume *volume, struct report *report)
{
    const char *objection = declared_objection(config, volume);
    if (volume->fs.damaged != DAMAGED_RESCUE && objection)
        report_error(report, volume->origin,
                     "changes on the volume \"%s\" cannot stay in memory: %s; remove damaged=%s",
                     volume->name, objection, damaged_names[volume->fs.damaged]);
}

static bool is_whole(const struct context *context, const struct volume *volume)
{
    return context->watch && context->watch->volumes[volume->number].stage == VOLUME_WHOLE;
}

/* Of ext4, three letters are enough: the kernel takes its forerunners for it. */
static bool holds_what_is_declared(const struct volume *volume, const char *device)
{
    struct content content = {0};
    return content_read(device, &content) && strncmp(content.type, volume->fs.type, 3) == 0;
}

/* By another volume, as two subvolumes of one file system are. */
static bool is_in_use(const struct context *context, const char *device)
{
    for (size_t i = 0; i < context->config->volume_count; i++) {
        const struct volume_state *state = &context->states[i];
        if (state->fd >= 0 && !state->in_memory && strcmp(state->device, device) == 0)
            return true;
    }
    return false;
}

static const char *objection(const struct context *context, const struct volume *volume)
{
    const char *declared = declared_objection(context->config, volume);
    const struct volume_state *state = context_volume(context, volume);
    if (declared)
        return declared;
    if (state->in_memory)
        return "that was tried";
    if (!is_whole(context, volume))
        return "its device is not there";
    if (!holds_what_is_declared(volume, state->device))
        return "its device does not hold what is declared";
    if (is_in_use(context, state->device))
        return "another volume on its device is written to";
    return layer_is_possible() ? NULL
                               : "the kernel knows no overlay; its module comes into the image "
                                 "with damaged=ask";
}

bool damaged_can(const struct context *context, const struct volume *volume)
{
    const char *reason = objection(context, volume);
    if (reason)
        log_warning("changes on the volume \"%s\" cannot stay in memory: %s", volume->name, reason);
    return !reason;
}

int damaged_go_on(int code, const struct volume *volume, struct context *context)
{
    if (code == 0 || volume->fs.damaged != DAMAGED_MEMORY || !damaged_can(context, volume))
        return code;
    context_volume(context, volume)->in_memory = true;
    return 1;
}

/* Others are about writing, or need the journal, as commit= of ext4. */
const char *damaged_options(struct arena *arena, const struct volume *volume)
{
    static const char *const wheres[] = {"subvol", "subvolid", "sb", "logdev", "rtdev"};
    const char *options = "ro";
    for (size_t i = 0; volume->fs.options && i < ARRAY_LENGTH(wheres); i++) {
        char *value;
        size_t length;
        if (mnt_optstr_get_option(volume->fs.options, wheres[i], &value, &length) == 0)
            options = arena_printf(arena, "%s,%s=%.*s", options, wheres[i], (int)length, value);
    }
    return options;
}

int damaged_cover(const struct volume *volume, const char *below, const char *place,
                  struct error *error)
{
    static const char options[] = "size=" ROOT_SIZE ",nr_inodes=" ROOT_INODES ",mode=0700";
    char memory[512];
    struct stat top;
    unsigned long flags = 0;
    /* Such as nosuid: what lies below has no part in it. */
    (void)mnt_optstr_get_flags(volume->fs.options, &flags,
                               mnt_get_builtin_optmap(MNT_LINUX_MAP)); /* none are said */
    snprintf(memory, sizeof(memory), "%s.memory", below);
    if (stat(below, &top) < 0 || (mkdir(memory, 0700) < 0 && errno != EEXIST) ||
        mount("memory", memory, "tmpfs", 0, options) < 0)
        return error_system(error, errno, "cannot make a layer in memory over the volume \"%s\"",
                            volume->name);
    int code = layer_lay(below, memory, place, volume->name, flags, error);
    if (code == 0 && (chown(place, top.st_uid, top.st_gid) < 0 || chmod(place, top.st_mode) < 0))
        code = error_system(error, errno, "cannot make \"%s\" like the volume \"%s\"", place,
                            volume->name);
    (void)umount2(memory, MNT_DETACH); /* the overlay holds it */
    (void)rmdir(memory);               /* what is left is an empty folder */
    return code;
}
