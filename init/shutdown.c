#include "init/shutdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/console.h"
#include "base/log.h"
#include "generations/identity.h"
#include "generations/record.h"
#include "init/detach.h"
#include "init/ending.h"
#include "init/keys.h"
#include "init/processes.h"
#include "init/sysvinit.h"
#include "init/unmount.h"
#include "mounts/sysfs.h"
#include "persist/write_back.h"

enum {
    WRITE_LIMIT = 30 * 1000, /* milliseconds, as all of these */
    COPY_LIMIT = 90 * 1000,
    STORE_LIMIT = 5 * 60 * 1000,  /* all that is cached, so that unmounting takes no time */
    WHOLE_LIMIT = 15 * 60 * 1000, /* whatever happens, the machine ends then */
};

/* Where the record is kept while everything else goes. */
static const char last[] = "/last";

struct ending {
    const char *verb, *words;
    unsigned command; /* of reboot(2) */
};

static const struct ending endings[] = {
    {"reboot", "rebooting", RB_AUTOBOOT},
    {"poweroff", "powering off", RB_POWER_OFF},
    {"halt", "halting", RB_HALT_SYSTEM},
    {"kexec", "starting the kernel that was loaded", RB_KEXEC},
};

static bool has_entered(void)
{
    struct stat here, self;
    return stat("/shutdown", &here) == 0 && stat("/proc/self/exe", &self) == 0 &&
           here.st_dev == self.st_dev && here.st_ino == self.st_ino;
}

/* As systemd-shutdown does it before it executes this program; other inits only execute it. The
 * kernel takes every process along whose root was the old one, PID 1 too. */
static int enter(struct error *error)
{
    static const char *const folders[] = {"dev", "proc", "run", "sys"};
    char from[16];
    if (has_entered())
        return 0;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(SHUTDOWN_ROOT, SHUTDOWN_ROOT, NULL, MS_BIND, NULL) < 0 || chdir(SHUTDOWN_ROOT) < 0)
        return error_system(error, errno, "cannot go to \"" SHUTDOWN_ROOT "\"");
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        snprintf(from, sizeof(from), "/%s", folders[i]);
        if (mount(from, folders[i], NULL, MS_BIND, NULL) < 0)
            return error_system(error, errno, "cannot bring \"%s\" along", from);
    }
    if (syscall(SYS_pivot_root, ".", SHUTDOWN_OLD + 1) < 0 || chroot(".") < 0 || chdir("/") < 0)
        return error_system(error, errno, "cannot leave the root of the system");
    return 0;
}

/* `ebb write-back` has done so where systemd ran it; then nothing differs, or the volume has been
 * unmounted behind it. */
static int write_copies(const void *nothing)
{
    (void)nothing; /* what is written stands in a list */
    auto_arena arena = arena_new();
    struct copies copies = {0};
    struct error error;
    bool good = true;
    auto_fd root = open(SHUTDOWN_OLD, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int code = copies_read(arena, COPIES_LIST, &copies, &error);
    if (code < 0 && code != -ENOENT)
        log_warning("ignoring: %s", error.text);
    for (size_t i = 0; i < copies.count; i++) {
        const struct copied *copied = &copies.items[i];
        enum write_back_result result = WRITE_BACK_SAME;
        auto_fd volume = -1;
        const char *place = arena_printf(arena, SHUTDOWN_OLD "%s", copied->place);
        if (identity_open(place, copied->volume, copied->identity, &volume, &error) < 0)
            log_info("\"%s\" is as it was written back last: %s", copied->target, error.text);
        else if (write_back(copied, root, volume, &result, &error) < 0) {
            log_error("%s", error.text);
            good = false;
        } else if (result == WRITE_BACK_WRITTEN)
            log_info("wrote \"%s\" back to \"%s:%s\"", copied->target, copied->volume,
                     copied->path);
    }
    return good ? 0 : -EIO;
}

/* Wherever whoever pivoted has taken it: out of the way of the rest. An empty file is the place
 * that it was mounted on. */
static void hold_record(void)
{
    static const char *const places[] = {SHUTDOWN_OLD SHUTDOWN_ROOT SHUTDOWN_RECORD,
                                         SHUTDOWN_ROOT SHUTDOWN_RECORD, SHUTDOWN_RECORD};
    auto_fd place = open(last, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    for (size_t i = 0; place >= 0 && i < ARRAY_LENGTH(places); i++) {
        struct stat status;
        auto_fd mount = open_tree(AT_FDCWD, places[i],
                                  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
        if (mount < 0 || fstat(mount, &status) < 0 || status.st_size == 0)
            continue;
        if (move_mount(mount, "", AT_FDCWD, last, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            log_warning("the record of boots cannot be kept: %s", strerror(errno));
        return;
    }
}

/* Whoever has unmounted the rest of the volume may have made it read-only, and so it is afterwards:
 * what was given up may still hold it. */
static int note(const void *subject)
{
    const enum record_end *end = subject;
    struct record record;
    struct error error;
    (void)mount(NULL, last, NULL, MS_REMOUNT, NULL); /* writing tells */
    auto_fd fd = open(last, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    int code = fd < 0 ? error_system(&error, errno, "cannot open the record of boots")
                      : record_read(fd, &record, &error);
    struct record_attempt *attempt = code < 0 ? NULL : record_current(&record, 0);
    if (attempt) {
        attempt->end = *end;
        code = record_write(fd, &record, &error);
    }
    if (code < 0)
        log_warning("ignoring: %s", error.text);
    close(TAKE_FD(fd));
    (void)mount(NULL, last, NULL, MS_REMOUNT | MS_RDONLY, NULL); /* unmounting does that too */
    return code;
}

/* The last file system: that everything is unmounted has to be written before it is. False: it
 * cannot be unmounted. */
static bool end_record(bool clean)
{
    enum record_end end = clean ? RECORD_END_CLEAN : RECORD_END_BUSY;
    struct stat status;
    if (stat(last, &status) < 0 || status.st_size == 0)
        return true; /* there is none, or whoever ended the system has unmounted it */
    (void)child_call(note, &end, WRITE_LIMIT); /* it has told of its failure */
    int code = unmount_one(last, UNMOUNT_LIMIT);
    if (code == 0)
        return true;
    log_error("the volume of the record of boots cannot be unmounted: %s", strerror(-code));
    end = RECORD_END_BUSY;
    (void)child_call(note, &end, WRITE_LIMIT); /* as above */
    return false;
}

static int store(const void *nothing)
{
    (void)nothing; /* of everything */
    sync();
    return 0;
}

static int take_down(const void *subject)
{
    const bool *is_init = subject;
    struct unmounting unmounting = {
        .top = "/", .kept = (const char *const[]){last, NULL}, .limit = UNMOUNT_LIMIT};
    struct error error;
    bool progress = true;
    processes_end("which the system left behind");
    bool entered = enter(&error) == 0;
    if (!entered)
        log_error("%s", error.text);
    bool clean = entered && child_call(write_copies, NULL, COPY_LIMIT) == 0;
    clean &= child_call(store, NULL, STORE_LIMIT) == 0;
    swaps_end();
    hold_record();
    clean &= unmount_all(&unmounting, *is_init);
    clean &= end_record(clean);
    while (progress) {
        progress = false;
        (void)detach_round(&progress); /* told below */
    }
    detach_tell();
    keys_wipe();
    return clean ? 0 : -EBUSY;
}

static const struct ending *choose(const char *verb)
{
    char loaded[8];
    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
        if (strcmp(verb, endings[i].verb) != 0)
            continue;
        if (endings[i].command != RB_KEXEC ||
            (sysfs_line(loaded, sizeof(loaded), "/sys/kernel/kexec_loaded") && *loaded == '1'))
            return &endings[i];
        log_warning("no kernel was loaded for kexec, so the machine reboots");
        return &endings[0];
    }
    return NULL;
}

_Noreturn static void end(const struct ending *ending)
{
    char parameter[256];
    /* What `systemctl reboot --reboot-argument=` asks the firmware for. */
    if (ending->command == RB_AUTOBOOT &&
        sysfs_line(parameter, sizeof(parameter), "/run/systemd/reboot-param"))
        (void)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
                      LINUX_REBOOT_CMD_RESTART2, parameter); /* comes back if it cannot */
    (void)reboot((int)ending->command);                      /* as above */
    (void)reboot(RB_AUTOBOOT);                               /* as above */
    for (;;)
        pause();
}

/* Whoever executed us may have worked on a volume, and whoever is at a terminal may hang up. */
static void let_go(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    child_forget_signals();
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        (void)signal(numbers[i], SIG_IGN);        /* these can be */
    (void)chdir("/");                             /* which is always there */
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* what stays open is named later */
}

const char *shutdown_result(int code, bool is_init)
{
    if (code == 0)
        return is_init ? "everything is unmounted" : "everything is unmounted or read-only";
    return code == -ETIMEDOUT ? "something hangs, and is left as it is"
                              : "not everything could be unmounted";
}

/* The work is a child's: whatever becomes of it, the machine ends. */
void shutdown_serve(int count, char **arguments)
{
    char word[16];
    const char *name = strrchr(arguments[0], '/'), *verb = count > 1 ? arguments[1] : "";
    bool is_init = getpid() == 1;
    if (sysvinit_was_replaced(word, sizeof(word)))
        verb = word;
    else if (strcmp(name ? name + 1 : arguments[0], "shutdown") != 0)
        return;
    const struct ending *ending = choose(verb);
    if (!ending && !is_init) {
        fprintf(stderr,
                "usage: shutdown reboot|poweroff|halt|kexec; it ends the machine at once\n");
        _exit(2);
    }
    ending = ending ? ending : &endings[0]; /* PID 1 cannot refuse */
    let_go();
    console_open();
    log_to_kernel();
    if (!is_init)
        sysvinit_replace(ending->verb);
    int code = child_call(take_down, &is_init, WHOLE_LIMIT);
    (void)child_call(store, NULL, WRITE_LIMIT); /* of a disk that hangs */
    console_print("ebb: %s; %s\n", shutdown_result(code, is_init), ending->words);
    end(ending);
}
