#include "init/rescue.h"

#include <mntent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/log.h"
#include "generations/choice.h"
#include "init/journal.h"
#include "init/menu.h"
#include "init/shell.h"
#include "mounts/watch.h"

static struct rescue policy = {.action = RESCUE_WAIT, .after = 30000, .shell = "no"};

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

_Noreturn static void leave(bool power_off)
{
    close_volumes();
    sync();
    reboot(power_off ? RB_POWER_OFF : RB_AUTOBOOT);
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

const char *const rescue_choice_names[] = {"trying again", "booting the previous generation"};

static const struct outcome *last_failure(const struct history *history)
{
    const struct outcome *last =
        history && history->count ? &history->outcomes[history->count - 1] : NULL;
    return last && last->failure && !last->ignored ? last : NULL;
}

static void tell_devices(struct context *context)
{
    char *devices = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&devices, &length);
    if (!stream)
        return;
    watch_print(context, stream);
    fclose(stream);
    console_print("block devices:\n");
    for (char *rest = devices, *line; (line = strsep(&rest, "\n"));)
        console_print("%s\n", line);
    free(devices);
}

static void tell(struct context *context, const struct history *history, const struct error *error)
{
    const struct outcome *last = last_failure(history);
    log_error("rescue: %s", error->text);
    console_print("\nebb: rescue: the boot cannot go on\n\n");
    if (last)
        console_print("  at: %s  (%s)\n", last->sentence,
                      origin_line(history->arena, last->step->origin));
    console_print("  %s\n\n", error->text);
    if (context)
        tell_devices(context);
}

/* The volume that the failed step was about, if it is one that may still come. */
static const struct volume *awaited(const struct history *history)
{
    const struct outcome *last = last_failure(history);
    if (!last)
        return NULL;
    enum step_kind kind = last->step->kind;
    return kind == STEP_DEVICE || kind == STEP_UNLOCK || kind == STEP_CHECK || kind == STEP_MOUNT
               ? last->step->volume
               : NULL;
}

/* The time that is left when nobody does anything, 0 for ever. */
static unsigned patience(bool anybody)
{
    if (policy.action == RESCUE_WAIT && anybody)
        return 0;
    return policy.after ? policy.after : 1;
}

static int ask(struct context *context, const struct volume *volume, struct console_input *input,
               size_t *console)
{
    const struct menu_row rows[] = {
        {'r', "try again", !context},
        {'p', "boot the previous generation", !context || !choice_has_previous(context)},
        {'l', "show the log", false},
        {'s', "a shell", !shell_is_allowed(policy.shell)},
        {'b', "reboot", false},
        {'o', "power off", false},
        {0},
    };
    unsigned limit = patience(true);
    if (limit)
        console_print("%s in %u s, if no key is pressed\n",
                      policy.action == RESCUE_POWEROFF ? "powering off" : "rebooting",
                      limit / 1000);
    for (;;) {
        int key = menu_choose(input, rows, limit, volume ? watch_events(context) : -1, console);
        if (key != MENU_NEWS)
            return key;
        if (watch_came(context, volume)) {
            console_print("the volume \"%s\" has come: going on\n", volume->name);
            return 'r';
        }
    }
}

/* Nobody can be asked, so the declared action is taken once its time is over, unless what was
 * waited for comes first. */
static enum rescue_choice wait_alone(struct context *context, const struct volume *volume)
{
    unsigned long start = clock_milliseconds(), limit = patience(false);
    for (unsigned long waited = 0; waited < limit; waited = clock_milliseconds() - start) {
        struct pollfd news = {.fd = volume ? watch_events(context) : -1, .events = POLLIN};
        (void)poll(&news, 1, (int)(limit - waited)); /* the clock is looked at in any case */
        if (news.revents && watch_came(context, volume))
            return RESCUE_RETRY;
    }
    leave(policy.action == RESCUE_POWEROFF);
}

enum rescue_choice rescue(struct context *context, const struct history *history,
                          const struct error *error)
{
    const struct volume *volume = context ? awaited(history) : NULL;
    struct error failure;
    tell(context, history, error);
    for (;;) {
        struct console_input *input = NULL;
        if (!console_exists() || console_listen(&input, &failure) < 0)
            return wait_alone(context, volume);
        size_t console = 0;
        int key = ask(context, volume, input, &console);
        if (key == 'l')
            journal_show(input);
        if (key == 's' && context)
            watch_wipe(context);
        auto_fd terminal =
            key == 's' && shell_ask(policy.shell, input) ? dup(console_fd(input, console)) : -1;
        console_input_free(input); /* a shell wants the terminal as it was */
        if (terminal >= 0)
            shell_run(terminal);
        switch (key) {
        case 'r':
            return RESCUE_RETRY;
        case 'p':
            return RESCUE_PREVIOUS;
        case 'b':
        case 'o':
            leave(key == 'o');
        case MENU_LATE:
            leave(policy.action == RESCUE_POWEROFF);
        case MENU_NOBODY:
            return wait_alone(context, volume);
        }
    }
}
