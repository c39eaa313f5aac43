#include "init/rescue.h"

#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/console.h"
#include "base/log.h"
#include "mounts/device.h"

static struct rescue policy = {.action = RESCUE_WAIT, .after = 30000};

void rescue_policy(const struct rescue *declared)
{
    policy = *declared;
}

/* Wherever the steps have put them. They cannot be unmounted, because descriptors and binds hold
 * them, but nobody writes any more. */
static void close_volumes(void)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    for (struct mntent *entry; mounts && (entry = getmntent(mounts));)
        if (entry->mnt_fsname[0] == '/')
            (void)mount(NULL, entry->mnt_dir, NULL, MS_REMOUNT | MS_RDONLY,
                        NULL); /* the journal keeps what cannot be closed */
}

/* `poweroff` powers off; both other actions end in a reboot once somebody or the clock says so. */
_Noreturn static void leave(void)
{
    close_volumes();
    sync();
    reboot(policy.action == RESCUE_POWEROFF ? RB_POWER_OFF : RB_AUTOBOOT);
    for (;;) /* a machine that can do neither */
        pause();
}

static void fault(int number)
{
    /* Nothing of the program can be relied on any more, so little of it is used. No sync either,
     * which might never end: what PID 1 writes to a volume is synced when it is written. */
    static const char text[] = "ebb: rescue: PID 1 itself failed; this is a fault in Ebb, please "
                               "report it with the lines above\n";
    log_error("rescue: PID 1 was stopped by signal %d", number);
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1); /* the log has it too */
    unsigned seconds = policy.after / 1000;
    while (seconds > 0)
        seconds = sleep(seconds);
    if (policy.action != RESCUE_WAIT || !console_exists())
        reboot(policy.action == RESCUE_POWEROFF ? RB_POWER_OFF : RB_AUTOBOOT);
    for (;;)
        pause();
}

void rescue_catch_faults(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
    static char stack[32768]; /* the fault may be an overflow of the usual one */
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigaltstack(&alternative, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
        sigaction(faults[i], &action, NULL);
}

static void tell(const struct history *history, const struct error *error)
{
    log_error("rescue: %s", error->text);
    console_print("\nebb: rescue: the boot cannot go on\n\n");
    const struct outcome *last =
        history && history->count ? &history->outcomes[history->count - 1] : NULL;
    if (last && last->failure && !last->ignored)
        console_print("  at: %s  (%s)\n", last->sentence,
                      origin_line(history->arena, last->step->origin));
    console_print("  %s\n\n", error->text);
    char *devices = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&devices, &length);
    if (stream) {
        device_list(stream);
        fclose(stream);
        console_print("block devices:\n");
        for (char *rest = devices, *line; (line = strsep(&rest, "\n"));)
            console_print("%s\n", line);
    }
    free(devices);
}

_Noreturn void rescue(const struct history *history, const struct error *error)
{
    tell(history, error);
    char question[80];
    bool answered = policy.action == RESCUE_WAIT && console_exists() &&
                    console_enter("press Enter to reboot\n", 0);
    if (!answered) { /* also when nobody can be asked, or can be asked any more */
        snprintf(question, sizeof(question), "%s in %u s; Enter does it at once\n",
                 policy.action == RESCUE_POWEROFF ? "powering off" : "rebooting",
                 policy.after / 1000);
        (void)console_enter(question, policy.after ? policy.after : 1); /* either way it goes on */
    }
    leave();
}
