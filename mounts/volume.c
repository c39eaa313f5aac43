#include "mounts/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "mounts/check.h"
#include "mounts/content.h"
#include "mounts/damaged.h"
#include "mounts/device.h"
#include "mounts/links.h"

/* Two subvolumes of one file system are told apart by their options. */
static bool are_parts(const struct volume *left, const struct volume *right)
{
    return !left->luks && !right->luks && left->fs.options && right->fs.options &&
           strcmp(left->fs.options, right->fs.options) != 0;
}

static void refuse_twice(const struct volume *volume, const struct volume *other,
                         struct report *report)
{
    const char *place = origin_text(report->arena, other->origin);
    if (volume->luks && other->luks)
        report_error(report, volume->origin,
                     "\"%s\" is the container of the volume \"%s\" already, at %s; declare it "
                     "once, without `fs`, and what lies in it by tags of its own",
                     volume->device, other->name, place);
    else
        report_error(report, volume->origin,
                     "\"%s\" is the volume \"%s\" already, at %s; declare it once", volume->device,
                     other->name, place);
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

/* What lies in a container without a file system is found by tags of its own. */
static void check_fs(const struct config *config, const struct volume *volume,
                     struct report *report)
{
    const char *type = volume->fs.type;
    bool is_used = volume->mount || volume->holds_state || !volume->luks;
    if (!type && is_used)
        report_error(report, volume->origin,
                     "the volume \"%s\" does not say its file system; add to its block: fs ext4",
                     volume->name);
    if (!type || !*type)
        return;
    damaged_check(config, volume, report);
    if (volume->fs.check && !check_program(type, NULL))
        report_error(report, volume->origin,
                     "there is no checker for %s that repairs only what is safe, so the volume "
                     "\"%s\" cannot have check=yes; remove it",
                     type, volume->name);
    if (volume->fs.degraded.policy != DEGRADED_NO && strcmp(type, "btrfs") != 0)
        report_error(report, volume->origin,
                     "%s lies on one device, so degraded= means nothing for the volume \"%s\"; "
                     "remove it, or put it behind `raid`",
                     type, volume->name);
    if (volume->fs.degraded.policy == DEGRADED_READ_ONLY && volume->holds_state)
        report_error(report, volume->origin,
                     "the volume \"%s\" holds state, which nothing read-only can keep; write "
                     "degraded=after=30s, or degraded=no",
                     volume->name);
}

static void check_raid(const struct volume *volume, struct report *report)
{
    if (volume->on.degraded.policy == DEGRADED_READ_ONLY)
        report_error(report, volume->origin,
                     "an array is not begun read-only; write raid degraded=after=30s, or remove "
                     "degraded=");
}

static void check_patience(const struct volume *volume, const struct degraded *degraded,
                           struct report *report)
{
    if (degraded->policy == DEGRADED_AFTER && degraded->after >= volume->wait)
        report_error(report, volume->origin,
                     "the volume \"%s\" is given up after %s, before degraded= may do anything; "
                     "give it a longer wait=",
                     volume->name, text_duration(volume->wait).text);
}

void volumes_check(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        if (!config->incomplete)
            check_fs(config, volume, report);
        const char *objection = links_objection(volume->device);
        if (objection)
            report_error(report, volume->origin, "\"%s\" %s", volume->device, objection);
        if (volume->mount)
            check_mount(volume, report);
        check_raid(volume, report);
        check_patience(volume, &volume->on.degraded, report);
        check_patience(volume, &volume->fs.degraded, report);
        for (size_t j = 0; j < i; j++) {
            const struct volume *other = config->volumes[j];
            if (strcmp(other->device, volume->device) == 0 && !are_parts(other, volume))
                refuse_twice(volume, other, report);
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
        if (config->volumes[i]->fs.type && !device_is_key(config->volumes[i]) &&
            !config->volumes[i]->holds_record)
            plan_add(plan, STEP_MOUNT, config->volumes[i]->origin)->volume = config->volumes[i];
}

void volume_plan_record(const struct config *config, struct plan *plan)
{
    static const enum step_kind kinds[] = {STEP_DEVICE, STEP_CHECK, STEP_MOUNT};
    const struct volume *volume = config->generations.record.volume;
    if (!volume || !volume->holds_record || !volume->fs.type)
        return;
    plan_add(plan, STEP_MODULE, volume->origin)->module = volume->fs.type;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (kinds[i] == STEP_CHECK && !volume->fs.check)
            continue;
        struct step *step = plan_add(plan, kinds[i], volume->origin);
        step->volume = volume;
        step->is_optional = true;
    }
}

void volume_sentence(const struct step *step, FILE *stream)
{
    const struct volume *volume = step->volume;
    fprintf(stream, "mount the volume \"%s\": %s%s%s", volume->name, volume->fs.type,
            volume->fs.options ? ", " : "", volume->fs.options ? volume->fs.options : "");
}

/* The kernel says "wrong fs type, bad option, bad superblock …" of everything. */
static int explain(const struct volume *volume, const char *device, int number, const char *reason,
                   struct error *error)
{
    struct content content = {0};
    bool known = content_read(device, &content) && *content.type;
    if (number == EINVAL && !known)
        return error_set(error, number,
                         "%s, the volume \"%s\", holds no file system that is known; correct its "
                         "tag, or have it repaired from another system",
                         device, volume->name);
    if (known && strcmp(content.type, CONTENT_LUKS) == 0)
        return error_set(error, number,
                         "%s, the volume \"%s\", is a LUKS container; add to its block: luks",
                         device, volume->name);
    if (number == EINVAL && strcmp(content.type, volume->fs.type) != 0)
        return error_set(error, number,
                         "%s, the volume \"%s\", holds %s, not %s; correct its tag, or its `fs`",
                         device, volume->name, content.type, volume->fs.type);
    const char *remedy = "";
    if (number == EACCES || number == EROFS)
        remedy = "; free it of its write protection, or declare options=ro";
    else if (number == ENODEV)
        remedy =
            "; the kernel cannot read this file system: add `module NAME` for it, or correct `fs`";
    else if (number == EINVAL)
        remedy = "; see the kernel's line above, and correct the options of `fs`, or have it "
                 "repaired from another system";
    else if (number == EUCLEAN)
        remedy = "; see the kernel's line above, and have it repaired from another system";
    return error_set(error, number, "cannot mount %s, the volume \"%s\", as %s: %s%s", device,
                     volume->name, volume->fs.type, reason, remedy);
}

static bool has_option(const struct volume *volume, const char *name)
{
    return volume->fs.options && mnt_optstr_get_option(volume->fs.options, name, NULL, NULL) == 0;
}

bool volume_is_protected(const char *device)
{
    int protected = 0;
    auto_fd fd = open(device, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && ioctl(fd, BLKROGET, &protected) == 0 && protected;
}

/* Not only the mount is read-only: of a damaged file system, ext4 would still write down the errors
 * that it meets, and delete what nobody has open. */
static int protect(const char *device, int protected, struct error *error)
{
    auto_fd fd = open(device, O_RDONLY | O_CLOEXEC);
    return fd < 0 || ioctl(fd, BLKROSET, &protected) < 0
               ? error_system(error, errno, "cannot write-protect %s", device)
               : 0;
}

/* A journal cannot be replayed on what cannot be written to; the kernel refuses to try. */
static const char *without_journal(const char *fs_type)
{
    static const struct {
        const char *type, *option;
    } words[] = {
        {"ext4", "noload"},     {"ext3", "noload"},
        {"xfs", "norecovery"},  {"btrfs", "rescue=nologreplay"},
        {"f2fs", "norecovery"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i].type, fs_type) == 0)
            return words[i].option;
    return NULL;
}

/* What the declared options become with what was found out about the device. */
static const char *options_of(struct context *context, const struct volume *volume,
                              const char *device)
{
    const char *options = volume->fs.options ? volume->fs.options : "", *journal = NULL;
    bool in_memory = context_volume(context, volume)->in_memory;
    bool protected = volume_is_protected(device), ro = in_memory || has_option(volume, "ro");
    if (in_memory)
        options = damaged_options(context->arena, volume);
    if (protected && !ro && !volume->holds_state) {
        log_warning("%s, the volume \"%s\", is write-protected, so it is mounted read-only", device,
                    volume->name);
        options = arena_printf(context->arena, "%s%sro", options, *options ? "," : "");
        ro = true;
    }
    if (protected && ro)
        journal = without_journal(volume->fs.type);
    if (journal)
        options = arena_printf(context->arena, "%s,%s", options, journal);
    if (context_volume(context, volume)->degraded && strcmp(volume->fs.type, "btrfs") == 0)
        options =
            arena_printf(context->arena, "%s%sdegraded%s", options, *options ? "," : "",
                         volume->fs.degraded.policy == DEGRADED_READ_ONLY && !ro ? ",ro" : "");
    return options;
}

static int mount_device(const struct volume *volume, const char *device, const char *options,
                        const char *place, struct error *error)
{
    struct libmnt_context *mount = mnt_new_context();
    if (!mount)
        memory_exhausted();
    mnt_context_disable_helpers(mount, 1); /* there are none in the image */
    /* Otherwise libmount would quietly mount a write-protected device read-only, and everything
     * that was declared to persist would fail later, one service after the other. */
    if (mnt_optstr_get_option(options, "ro", NULL, NULL) != 0)
        mnt_context_enable_rwonly_mount(mount, 1);
    mnt_context_set_fstype(mount, volume->fs.type);
    mnt_context_set_source(mount, device);
    mnt_context_set_target(mount, place);
    if (*options)
        mnt_context_set_options(mount, options);
    int code = mnt_context_mount(mount);
    char reason[256] = "unknown error";
    int status = mnt_context_get_excode(mount, code, reason, sizeof(reason));
    int number = mnt_context_get_syscall_errno(mount);
    mnt_free_context(mount);
    return status == 0 ? 0 : explain(volume, device, number, reason, error);
}

/* With changes in memory, and the disk as it is. */
static int mount_in_memory(const struct volume *volume, struct context *context, const char *place,
                           struct error *error)
{
    const char *device = context_volume(context, volume)->device;
    char below[512];
    bool protected = volume_is_protected(device);
    snprintf(below, sizeof(below), "%s/.below", context->volumes);
    if (mkdir(below, 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", below);
    int code = protect(device, true, error);
    if (code == 0)
        code = mount_device(volume, device, options_of(context, volume, device), below, error);
    if (code == 0) {
        code = damaged_cover(volume, below, place, error);
        (void)umount2(below, MNT_DETACH); /* the overlay holds it */
    }
    (void)rmdir(below); /* what is left is an empty folder */
    if (code == 0)
        log_warning(DAMAGED_SENTENCE, volume->name);
    else if (!protected)
        (void)protect(device, false, &(struct error){0}); /* for whoever repairs it in a shell */
    return code < 0 ? error_prefix(error, "even read-only") : 0;
}

static int mount_volume(const struct volume *volume, struct context *context, const char *place,
                        struct error *error)
{
    const char *device = context_volume(context, volume)->device;
    if (context_volume(context, volume)->in_memory)
        return mount_in_memory(volume, context, place, error);
    int code = mount_device(volume, device, options_of(context, volume, device), place, error);
    struct error reason;
    code = damaged_go_on(code, volume, context);
    if (code > 0 && mount_in_memory(volume, context, place, &reason) < 0) {
        *error = reason;
        return -reason.code;
    }
    return code;
}

int volume_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct volume *volume = step->volume;
    struct volume_state *state = context_volume(context, volume);
    char place[512];
    int code = watch_until(context, volume, VOLUME_WHOLE, error);
    if (code < 0)
        return code;
    snprintf(place, sizeof(place), "%s/%s", context->volumes, volume->name);
    if (mkdir(place, 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", place);
    code = mount_volume(volume, context, place, error);
    if (code < 0)
        return code;
    state->fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return state->fd < 0 ? error_system(error, errno, "cannot open \"%s\"", place) : code;
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
        step->is_optional = volume->holds_record;
    }
}

void place_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "show the volume \"%s\" on %s", step->volume->name, step->target);
}

int place_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct volume *volume = step->volume;
    auto_fd place = -1;
    int code = path_make_folder(context->root.fd, step->target, &place, error);
    if (code < 0)
        return error_prefix(error, "the volume \"%s\"", volume->name);
    /* A copy, so that another root can be made if this one cannot be entered; what it was made of
     * goes at the switch, and the running system sees the volume once. */
    auto_fd copy = open_tree(context_volume(context, volume)->fd, "",
                             OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    if (copy < 0 ||
        move_mount(copy, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot show the volume \"%s\" on \"%s\"", volume->name,
                            step->target);
    return 0;
}

void places_release(const struct context *context)
{
    for (size_t i = 0; i < context->config->volume_count; i++) {
        const struct volume *volume = context->config->volumes[i];
        char place[512];
        snprintf(place, sizeof(place), "%s/%s", context->volumes, volume->name);
        if (volume->mount)
            (void)umount2(place, MNT_DETACH); /* it may never have been mounted */
    }
}
