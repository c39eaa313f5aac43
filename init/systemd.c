#include "init/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utab.h"

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
 * failed. Mounts with x-initrd.mount are left until the last process is gone. */
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
        if (line.target && line.root)
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

/* It would start the same root again, with all that should be thrown away. The folder is that of
 * `systemctl set-property`: that of units in /run would tell programs that systemd runs. */
static int refuse_soft_reboot(struct error *error)
{
    static const char unit[] = "# Written by Ebb at every boot; see ebb-init(8).\n"
                               "[Unit]\n"
                               "Description=Soft Reboot (refused: it would keep the root that Ebb "
                               "makes anew; reboot instead)\n"
                               "RefuseManualStart=yes\n";
    auto_fd folder = -1;
    int code = open_folder("systemd/system.control/soft-reboot.target.d", &folder, error);
    return code < 0 ? code : path_write(folder, "ebb.conf", unit, strlen(unit), 0644, error);
}

void systemd_tell(const struct context *context)
{
    struct error error;
    if (tell_mounts(context, &error) < 0)
        log_warning("ignoring that systemd may unmount too early: %s", error.text);
    if (tell_device(context, &error) < 0)
        log_warning("ignoring that systemd may not find the disk: %s", error.text);
    if (refuse_soft_reboot(&error) < 0)
        log_warning("ignoring that a soft reboot would keep the root: %s", error.text);
}
