#include "mounts/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mounts/device.h"

/* Two subvolumes of one file system are told apart by their options. */
static bool are_parts(const struct volume *left, const struct volume *right)
{
    return left->fs_options && right->fs_options &&
           strcmp(left->fs_options, right->fs_options) != 0;
}

static void check_mount(const struct volume *volume, struct report *report)
{
    if (strcmp(volume->mount, "/") == 0)
        report_error(report, volume->mount_origin,
                     "the volume \"%s\" cannot be the root, which is thrown away at every boot; "
                     "mount it below, such as on /persist",
                     volume->name);
    else if (path_kernel_folder(volume->mount))
        report_error(report, volume->mount_origin,
                     "\"%s\" belongs to the kernel's own file systems; mount the volume elsewhere",
                     volume->mount);
}

void volumes_check(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        if (!volume->fs_type && !config->incomplete)
            report_error(
                report, volume->origin,
                "the volume \"%s\" does not say its file system; add to its block: fs ext4",
                volume->name);
        if (volume->mount)
            check_mount(volume, report);
        for (size_t j = 0; j < i; j++) {
            const struct volume *other = config->volumes[j];
            if (strcmp(other->device, volume->device) == 0 && !are_parts(other, volume))
                report_error(report, volume->origin,
                             "\"%s\" is the volume \"%s\" already, at %s; declare it once",
                             volume->device, other->name,
                             origin_text(report->arena, other->origin));
            if (volume->mount && other->mount && strcmp(other->mount, volume->mount) == 0)
                report_error(report, volume->mount_origin,
                             "\"%s\" is where the volume \"%s\" is mounted, at %s; choose another",
                             volume->mount, other->name,
                             origin_text(report->arena, other->mount_origin));
        }
    }
}

void volumes_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++)
        plan_add(plan, STEP_MOUNT, config->volumes[i]->origin)->volume = config->volumes[i];
}

void volume_sentence(const struct step *step, FILE *stream)
{
    const struct volume *volume = step->volume;
    fprintf(stream, "mount the volume \"%s\": %s%s%s", volume->name, volume->fs_type,
            volume->fs_options ? ", " : "", volume->fs_options ? volume->fs_options : "");
}

/* The kernel says "wrong fs type, bad option, bad superblock …" of everything. */
static int explain(const struct volume *volume, const char *device, int number, const char *reason,
                   struct error *error)
{
    char type[DEVICE_TYPE_SIZE];
    if (number == EINVAL && !device_type(device, type))
        return error_set(error, number,
                         "%s, the volume \"%s\", holds no file system that is known; correct its "
                         "tag, or have it repaired from another system",
                         device, volume->name);
    if (number == EINVAL && strcmp(type, volume->fs_type) != 0)
        return error_set(error, number,
                         "%s, the volume \"%s\", holds %s, not %s; correct its tag, or its `fs`",
                         device, volume->name, type, volume->fs_type);
    const char *remedy = "";
    if (number == EACCES || number == EROFS)
        remedy = "; free it of its write protection, or declare options=ro";
    else if (number == ENODEV)
        remedy =
            "; the kernel cannot read this file system: add `module NAME` for it, or correct `fs`";
    else if (number == EINVAL)
        remedy = "; correct the options of `fs`, and see the kernel's line above";
    return error_set(error, number, "cannot mount %s, the volume \"%s\", as %s: %s%s", device,
                     volume->name, volume->fs_type, reason, remedy);
}

static bool is_read_only(const struct volume *volume)
{
    return volume->fs_options && mnt_optstr_get_option(volume->fs_options, "ro", NULL, NULL) == 0;
}

static int mount_device(const struct volume *volume, const char *device, const char *place,
                        struct error *error)
{
    struct libmnt_context *mount = mnt_new_context();
    if (!mount)
        memory_exhausted();
    mnt_context_disable_helpers(mount, 1); /* there are none in the image */
    /* Otherwise libmount would quietly mount a write-protected device read-only, and everything
     * that was declared to persist would fail later, one service after the other. */
    if (!is_read_only(volume))
        mnt_context_enable_rwonly_mount(mount, 1);
    mnt_context_set_fstype(mount, volume->fs_type);
    mnt_context_set_source(mount, device);
    mnt_context_set_target(mount, place);
    if (volume->fs_options)
        mnt_context_set_options(mount, volume->fs_options);
    int code = mnt_context_mount(mount);
    char reason[256] = "unknown error";
    int status = mnt_context_get_excode(mount, code, reason, sizeof(reason));
    int number = mnt_context_get_syscall_errno(mount);
    mnt_free_context(mount);
    return status == 0 ? 0 : explain(volume, device, number, reason, error);
}

int volume_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct volume *volume = step->volume;
    struct volume_state *state = context_volume(context, volume);
    char place[512];
    snprintf(place, sizeof(place), "%s/%s", context->volumes, volume->name);
    if (mkdir(place, 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", place);
    int code = mount_device(volume, state->device, place, error);
    if (code < 0)
        return code;
    state->fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return state->fd < 0 ? error_system(error, errno, "cannot open \"%s\"", place) : 0;
}

void places_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        if (!volume->mount)
            continue;
        struct step *step = plan_add(plan, STEP_PLACE, volume->mount_origin);
        step->volume = volume;
        step->target = volume->mount;
    }
}

void place_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "show the volume \"%s\" on %s", step->volume->name, step->target);
}

int place_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct volume *volume = step->volume;
    char from[512];
    auto_fd place = -1;
    snprintf(from, sizeof(from), "%s/%s", context->volumes, volume->name);
    int code = path_make_folder(context->root.fd, step->target, &place, error);
    if (code < 0)
        return error_prefix(error, "the volume \"%s\"", volume->name);
    /* Moved, not bound: its descriptor stays valid for the steps to come, and the running system
     * sees the volume once. */
    if (move_mount(AT_FDCWD, from, place, "", MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot move the volume \"%s\" to \"%s\"", volume->name,
                            step->target);
    return 0;
}
