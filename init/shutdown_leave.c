#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/log.h"
#include "init/ending.h"
#include "init/shutdown.h"

/* Some systems remount /run noexec; a mount of its own is not touched by that. */
static int make_mount(struct error *error)
{
    if (mkdir(SHUTDOWN_ROOT, 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"" SHUTDOWN_ROOT "\"");
    if (mount(SHUTDOWN_ROOT, SHUTDOWN_ROOT, NULL, MS_BIND, NULL) < 0)
        return error_system(error, errno, "cannot mount \"" SHUTDOWN_ROOT "\" on itself");
    return 0;
}

/* Whoever pivots there wants to find them. */
static int make_folders(struct error *error)
{
    static const char *const folders[] = {SHUTDOWN_ROOT "/dev",       SHUTDOWN_ROOT "/etc",
                                          SHUTDOWN_ROOT SHUTDOWN_OLD, SHUTDOWN_ROOT "/proc",
                                          SHUTDOWN_ROOT "/run",       SHUTDOWN_ROOT "/sys"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
        if (mkdir(folders[i], 0755) < 0 && errno != EEXIST)
            return error_system(error, errno, "cannot make \"%s\"", folders[i]);
    return 0;
}

/* /run is a file system of its own, and the initramfs goes, so this cannot be a link. */
static int copy_program(struct error *error)
{
    auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    auto_fd copy = open(SHUTDOWN_ROOT "/shutdown",
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0700);
    if (self < 0 || copy < 0)
        return error_system(error, errno, "cannot make \"" SHUTDOWN_ROOT "/shutdown\"");
    return copy_open_file(self, copy, error);
}

/* systemd unmounts nothing in /run/initramfs. The file and not its volume, because nobody but this
 * program has business there. */
static int show_record(const struct context *context, struct error *error)
{
    const struct place *record = &context->config->generations.record;
    auto_fd file = path_open(context_volume(context, record->volume)->fd, record->path, O_PATH);
    if (file == -ENOENT)
        return 0; /* it could not be made, which was told */
    auto_fd place =
        open(SHUTDOWN_ROOT SHUTDOWN_RECORD, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    auto_fd mount = open_tree(file, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount < 0 || place < 0 ||
        move_mount(mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot show the record of boots on \"%s\"",
                            SHUTDOWN_ROOT SHUTDOWN_RECORD);
    return 0;
}

void shutdown_leave(const struct context *context)
{
    struct error error;
    if (make_mount(&error) < 0 || make_folders(&error) < 0 || copy_program(&error) < 0 ||
        show_record(context, &error) < 0)
        log_warning("ignoring that this system will not be able to end cleanly: %s", error.text);
}
