#include "init/switch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "generations/guard.h"
#include "init/ending.h"
#include "init/journal.h"
#include "init/measure.h"
#include "init/processes.h"
#include "init/shutdown.h"
#include "init/systemd.h"
#include "init/unmount.h"
#include "kconfig/drivers.h"
#include "kconfig/load.h"
#include "kconfig/request.h"
#include "mounts/kernel.h"
#include "mounts/root.h"
#include "mounts/volume.h"

/* No process of the initramfs may go on: it would hold its memory, and know nothing of the system.
 */
static void end_processes(const struct context *context)
{
    if (context->drivers > 0)
        drivers_stop(context->drivers);
    processes_end("which a hook left behind");
}

/* What a hook or the rescue shell mounted beside the new root would stay below it, where nobody
 * sees it and no shutdown unmounts it. */
static void unmount_strays(const struct context *context)
{
    const char *const kept[] = {context->root.name, "/dev", "/proc", "/run", "/sys", NULL};
    struct unmounting strays = {.top = "/", .kept = kept, .limit = UNMOUNT_LIMIT};
    unmount_or_detach(&strays);
}

/* Deletes what is in `folder`, but nothing of another file system; best effort, because all that
 * is lost otherwise is memory. */
static void delete_contents(int folder, dev_t device)
{
    int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir list = own < 0 ? NULL : fdopendir(own);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        struct stat status;
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_dev != device)
            continue;
        if (!S_ISDIR(status.st_mode)) {
            (void)unlinkat(folder, name, 0); /* all that is lost otherwise is memory */
            continue;
        }
        auto_fd inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0)
            delete_contents(inner, device);
        (void)unlinkat(folder, name, AT_REMOVEDIR); /* as above */
    }
}

/* Only ever the memory of an initramfs: a wrong turn here would delete a disk. */
static void free_initramfs(int old)
{
    struct statfs system;
    struct stat status;
    if (getpid() == 1 && fstatfs(old, &system) == 0 && fstat(old, &status) == 0 &&
        (system.f_type == RAMFS_MAGIC || system.f_type == TMPFS_MAGIC))
        delete_contents(old, status.st_dev);
    else
        log_warning("the initramfs is not in memory, so it is left as it is");
}

/* What survives execve and is not the business of the real init. */
static void reset_process(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &standard, NULL); /* two of them cannot be set, and need not be */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
}

/* A trial that hangs must not stay there. */
static int leave_guard(const struct context *context, struct error *error)
{
    const struct place *record = &context->config->generations.record;
    const struct guard_order order = {.generation = context->generation->number,
                                      .seconds = context->trial,
                                      .grace = GUARD_GRACE,
                                      .volume = context_place(context, record->volume),
                                      .record = record->path};
    auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (self < 0)
        return error_system(error, errno, "cannot open \"/proc/self/exe\"");
    return guard_start(self, &order, error);
}

int switch_root(const struct context *context, const char *init, char *const arguments[],
                bool read_only, struct error *error)
{
    end_processes(context);
    measure_phase("/.extra", "leave-initrd");
    unmount_strays(context);
    shutdown_leave(context);
    request_release();
    log_release();
    modules_close(context->modules);
    root_show_lower(context);
    places_release(context);
    systemd_tell(context);
    systemd_keep_extra("/.extra");
    journal_keep(SHUTDOWN_ROOT "/ebb.log");
    auto_fd old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = old < 0 ? error_system(error, errno, "cannot open the initramfs")
                       : kernel_move(context->root.fd, error);
    if (code < 0)
        return code;
    /* The rootfs of an initramfs can be neither pivoted away nor unmounted, so the new root is
     * moved over it. */
    if (fchdir(context->root.fd) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
        chroot(".") < 0 || chdir("/") < 0)
        return error_system(error, errno, "cannot enter the new root");
    if (read_only && mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        log_warning("the root stays writable although `ro` was given: %s", strerror(errno));
    code = context->trial ? leave_guard(context, error) : 0;
    if (code < 0)
        return code;
    free_initramfs(old);
    reset_process();
    execv(init, arguments);
    return error_system(error, errno, "cannot execute the init \"%s\"", init);
}
