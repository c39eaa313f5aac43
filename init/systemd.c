#include "init/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/copy.h"
#include "base/log.h"
#include "base/utab.h"
#include "mounts/prepare.h"

/* Where the running system has a mount of ours; NULL for what is none, or not for systemd to judge:
 * the root, and the kernel's file systems. */
static const char *place_of(const struct context *context, const char *target)
{
    size_t length = strlen(context->root.name);
    if (strncmp(target, context->root.name, length) == 0 && target[length] == '/')
        return target + length;
    return strncmp(target, "/run/", strlen("/run/")) == 0 ? target : NULL;
}

/* systemd would unmount at the beginning of a shutdown what services still work on, and say that it
 * failed. Mounts with x-initrd.mount are left until the last process is gone. Entries with options
 * for file managers have a line already. */
static int tell_mounts(const struct context *context, struct error *error)
{
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
    int code = table ? 0 : error_set(error, ENOENT, "cannot read \"/proc/self/mountinfo\"");
    if (!iterator)
        memory_exhausted();
    for (struct libmnt_fs *fs; code == 0 && mnt_table_next_fs(table, iterator, &fs) == 0;) {
        const char *source = mnt_fs_get_source(fs);
        const struct utab_line line = {.source = source ? source : "none",
                                       .target = place_of(context, mnt_fs_get_target(fs)),
                                       .root = mnt_fs_get_root(fs),
                                       .options = ""};
        if (line.target && line.root && !utab_has(line.target))
            code = utab_add(&line, error);
    }
    mnt_free_iter(iterator);
    mnt_unref_table(table);
    return code;
}

static int open_folder(const char *path, int *folder, struct error *error)
{
    auto_fd run = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return run < 0 ? error_system(error, errno, "cannot open \"/run\"")
                   : path_make_folder(run, path, folder, error);
}

/* For all that asks for the disk behind "/", such as systemd-gpt-auto-generator and bootctl. They
 * take the numbers from the text of the link. */
static int tell_device(const struct context *context, struct error *error)
{
    const struct volume *volume = context->config->generations.place.volume;
    struct stat status;
    char text[64];
    if (context->config->root.kind == ROOT_SUBVOLUME || !volume ||
        stat(context_volume(context, volume)->device, &status) < 0 || !S_ISBLK(status.st_mode))
        return 0;
    snprintf(text, sizeof(text), "/dev/block/%u:%u", major(status.st_rdev), minor(status.st_rdev));
    auto_fd folder = -1;
    int code = open_folder("systemd", &folder, error);
    if (code < 0)
        return code;
    code = path_link(folder, "volatile-root", text);
    return code < 0 ? error_system(error, -code, "cannot make \"/run/systemd/volatile-root\"") : 0;
}

/* The folder is that of `systemctl set-property`: that of units in /run would tell programs that
 * systemd runs. */
static int change_unit(struct arena *arena, const char *unit, const char *lines,
                       struct error *error)
{
    const char *path = arena_printf(arena, "systemd/system.control/%s.d", unit),
               *text = arena_printf(arena, "# Written by Ebb at boot; see ebb-init(8).\n[Unit]\n%s",
                                    lines);
    auto_fd folder = -1;
    int code = open_folder(path, &folder, error);
    return code < 0 ? code : path_write(folder, "ebb.conf", text, strlen(text), 0644, error);
}

/* It would start the same root again, with all that should be thrown away. */
static int refuse_soft_reboot(struct arena *arena, struct error *error)
{
    return change_unit(arena, "soft-reboot.target",
                       "Description=Soft Reboot (refused: it would keep the root that Ebb makes "
                       "anew; reboot instead)\nRefuseManualStart=yes\n",
                       error);
}

/* Where the boot loader counts, systemd would make the entry of a trial one that is booted for ever
 * as soon as the system is up: only a confirmation may. */
static int leave_blessing(const struct context *context, struct error *error)
{
    return context->trial ? change_unit(context->arena, "systemd-bless-boot.service",
                                        "ConditionPathExists=!/\n", error)
                          : 0;
}

void systemd_tell(const struct context *context)
{
    struct error error;
    if (tell_mounts(context, &error) < 0)
        log_warning("ignoring that systemd may unmount too early: %s", error.text);
    if (tell_device(context, &error) < 0)
        log_warning("ignoring that systemd may not find the disk: %s", error.text);
    if (refuse_soft_reboot(context->arena, &error) < 0)
        log_warning("ignoring that a soft reboot would keep the root: %s", error.text);
    if (leave_blessing(context, &error) < 0)
        log_warning("ignoring that systemd may confirm this trial: %s", error.text);
}

static int keep_credentials(int extra, const char *name, struct error *error)
{
    auto_fd source = openat(extra, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0)
        return errno == ENOENT ? 0 : error_system(error, errno, "cannot open \"%s\"", name);
    auto_fd target = -1;
    int code = open_folder("credentials/@encrypted", &target, error);
    return code < 0 ? code : copy_tree(source, target, error);
}

static int keep_file(int extra, const char *name, struct error *error)
{
    if (faccessat(extra, name, F_OK, 0) < 0)
        return 0;
    auto_fd folder = -1;
    int code = open_folder("systemd", &folder, error);
    return code < 0 ? code : copy_named(extra, folder, name, error);
}

void systemd_keep_extra(const char *extra)
{
    static const char *const folders[] = {"credentials", "global_credentials"};
    static const char *const files[] = {"tpm2-pcr-signature.json", "tpm2-pcr-public-key.pem"};
    struct error error;
    auto_fd folder = open(extra, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; folder >= 0 && i < ARRAY_LENGTH(folders); i++)
        if (keep_credentials(folder, folders[i], &error) < 0)
            log_warning("ignoring what systemd-stub gave: %s", error.text);
    for (size_t i = 0; folder >= 0 && i < ARRAY_LENGTH(files); i++)
        if (keep_file(folder, files[i], &error) < 0)
            log_warning("ignoring what systemd-stub gave: %s", error.text);
}

/* The init of a system of Nix with a prepare-root is a copy of systemd under another name. */
static bool is_systemd(const struct context *context)
{
    char link[40], path[512] = "";
    auto_fd program = path_open_in_root(context->root.fd, context->init, O_PATH);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", program);
    if (program < 0 || readlink(link, path, sizeof(path) - 1) < 0)
        return false;
    const char *slash = strrchr(path, '/');
    return (slash && strcmp(slash, "/systemd") == 0) || prepare_is_beside(context, context->init);
}

/* What systemd writes for itself when it executes itself anew; it outlives execve. */
static int write_state(unsigned long start)
{
    char line[100];
    struct moment now = clock_moment();
    int length = snprintf(line, sizeof(line), "initrd-timestamp=%" PRId64 " %lu\n",
                          now.wall - now.kernel + (int64_t)start, start);
    auto_fd state = memfd_create("systemd-state", 0);
    if (state < 0 || path_write_all(state, line, (size_t)length) < 0 ||
        lseek(state, 0, SEEK_SET) < 0)
        return -1;
    return TAKE_FD(state);
}

char **systemd_arguments(const struct context *context, char **arguments, unsigned long start)
{
    size_t count = 0;
    int state = is_systemd(context) ? write_state(start) : -1;
    if (state < 0)
        return arguments;
    while (arguments[count])
        count++;
    char **all = arena_alloc(context->arena, (count + 4) * sizeof(*all));
    memcpy(all, arguments, count * sizeof(*all));
    all[count++] = arena_string(context->arena, "--switched-root");
    all[count++] = arena_string(context->arena, "--system");
    all[count] = arena_printf(context->arena, "--deserialize=%d", state);
    return all;
}
