#include "mounts/assemble.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/text.h"
#include "mounts/mapper.h"

enum { LIMIT = 60000 };

/* There is no udev to make nodes and links or to be waited for, and no place for locks of others.
 */
static const char lvm_settings[] =
    "activation{udev_sync=0 udev_rules=0 monitoring=0} "
    "devices{obtain_device_list_from_udev=0 external_device_info_source=\"none\" "
    "use_devicesfile=0 write_cache_state=0} global{use_lvmpolld=0 use_lvmlockd=0} "
    "backup{backup=0 archive=0}";

/* Failing is no news: most groups are incomplete until their last member is there. What a volume
 * misses in the end is told when its time is over. */
static void run(const char *const arguments[], const char *name)
{
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                              "LVM_SUPPRESS_FD_WARNINGS=1", "MDADM_NO_UDEV=1",
                                              NULL};
    const struct child child = {
        .name = name, .arguments = arguments, .environment = environment, .timeout = LIMIT};
    struct child_result result = {0};
    struct error error;
    if (child_run(&child, &result, &error) < 0)
        log_warning("%s", error.text);
    else if (result.end != CHILD_EXITED)
        log_warning("%s was ended, %s", name,
                    result.end == CHILD_SIGNALLED ? "by a signal" : "because it took too long");
}

static bool lie_on(const struct config *config, bool lvm)
{
    for (size_t i = 0; i < config->volume_count; i++)
        if (lvm ? config->volumes[i]->on.lvm : config->volumes[i]->on.raid)
            return true;
    return false;
}

static bool is_new_member(const struct watch *watch, const struct block *block, const char *type)
{
    return block->changed > watch->assembled && strcmp(block->content.type, type) == 0 &&
           !block_is_held(block);
}

static void activate_groups(void)
{
    static const char *const arguments[] = {ASSEMBLE_LVM, "vgchange", "--activate", "ay",
                                            "--sysinit",  "--config", lvm_settings, NULL};
    run(arguments, "lvm");
    mapper_record();
}

static void add_to_array(const struct block *block)
{
    const char *const arguments[] = {ASSEMBLE_MDADM, "--incremental", block->path, NULL};
    run(arguments, "mdadm");
}

/* Arrays that have been begun, and wait for the rest of their members. */
static void start_degraded_arrays(void)
{
    auto_dir folder = opendir("/sys/class/block");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[300], state[32] = "", device[300];
        snprintf(path, sizeof(path), "/sys/class/block/%s/md/array_state", entry->d_name);
        auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, state, sizeof(state) - 1) <= 0 || strncmp(state, "inactive", 8) != 0)
            continue;
        snprintf(device, sizeof(device), "/dev/%s", entry->d_name);
        log_warning("starting the array %s without all of its members, as declared", device);
        run((const char *const[]){ASSEMBLE_MDADM, "--run", device, NULL}, "mdadm");
    }
}

static void start_overdue_arrays(struct watch *watch)
{
    const struct config *config = watch->context->config;
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        const struct progress *progress = &watch->volumes[i];
        struct volume_state *state = context_volume(watch->context, volume);
        if (!volume->on.raid || volume->on.degraded.policy != DEGRADED_AFTER || state->degraded ||
            progress->stage != VOLUME_AWAITED || progress->waited < volume->on.degraded.after)
            continue;
        state->degraded = true;
        start_degraded_arrays();
    }
}

void assemble_groups(struct watch *watch)
{
    const struct config *config = watch->context->config;
    bool lvm = lie_on(config, true), raid = lie_on(config, false), members = false;
    unsigned changes = watch->blocks->changes;
    for (size_t i = 0; (lvm || raid) && i < watch->blocks->count; i++) {
        const struct block *block = watch->blocks->list[i];
        members |= lvm && is_new_member(watch, block, "LVM2_member");
        if (raid && is_new_member(watch, block, "linux_raid_member"))
            add_to_array(block);
    }
    watch->assembled = changes;
    if (members)
        activate_groups();
    if (raid)
        start_overdue_arrays(watch);
}

/* 0: the kernel knows all devices of the file system, 1: not all, or -errno. */
static int tell_kernel(int control, const char *device)
{
    struct btrfs_ioctl_vol_args arguments = {0};
    snprintf(arguments.name, sizeof(arguments.name), "%s", device);
    if (ioctl(control, BTRFS_IOC_SCAN_DEV, &arguments) < 0)
        return -errno;
    int missing = ioctl(control, BTRFS_IOC_DEVICES_READY, &arguments);
    return missing < 0 ? -errno : missing;
}

/* Tells the kernel of all members, the one to be mounted last. */
static int scan_btrfs(const struct watch *watch, const char *device)
{
    auto_fd control = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);
    if (control < 0)
        return 0; /* the kernel cannot read btrfs, and mounting says so */
    for (size_t i = 0; i < watch->blocks->count; i++) {
        const struct block *block = watch->blocks->list[i];
        if (strcmp(block->content.type, "btrfs") == 0 && strcmp(block->path, device) != 0)
            (void)tell_kernel(control, block->path); /* it may belong to another one */
    }
    return tell_kernel(control, device);
}

void assemble_advance(struct watch *watch, const struct volume *volume)
{
    struct progress *progress = &watch->volumes[volume->number];
    const struct degraded *degraded = &volume->fs.degraded;
    struct volume_state *state = context_volume(watch->context, volume);
    bool whole = !volume->fs.type || strcmp(volume->fs.type, "btrfs") != 0 ||
                 scan_btrfs(watch, state->device) <= 0;
    if (!whole && !state->degraded && degraded->policy == DEGRADED_AFTER &&
        progress->waited >= degraded->after) {
        log_warning("mounting the volume \"%s\" without all of its devices, as declared",
                    volume->name);
        state->degraded = true;
    }
    if (whole || state->degraded)
        progress->stage = VOLUME_WHOLE;
}

int assemble_overdue(struct watch *watch, const struct volume *volume, struct error *error)
{
    struct volume_state *state = context_volume(watch->context, volume);
    if (volume->fs.degraded.policy == DEGRADED_READ_ONLY) {
        log_warning("mounting the volume \"%s\" read-only without all of its devices, as declared",
                    volume->name);
        state->degraded = true;
        return 0;
    }
    return error_set(error, ENODEV,
                     "the volume \"%s\" on %s is spread over several devices, and not all of them "
                     "appeared within %s; attach them, or declare fs btrfs degraded=after=30s",
                     volume->name, state->device, text_duration(volume->wait).text);
}
