#include "init/rescue.h"

#include <mntent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/log.h"
#include "generations/choice.h"
#include "init/choose.h"
#include "init/journal.h"
#include "init/menu.h"
#include "init/page.h"
#include "init/shell.h"
#include "kconfig/undriven.h"
#include "mounts/damaged.h"
#include "mounts/watch.h"

/* How often a medium that could not be read is looked at again. */
enum { PAUSE = 1000 };

static struct rescue policy = {.action = RESCUE_WAIT, .after = 30000, .shell = "no"};

const char *const rescue_choice_names[] = {"trying again", "trying with changes in memory",
                                           "booting the previous generation",
                                           "booting another generation"};

struct incident {
    struct context *context; /* NULL: nothing can be tried again */
    const struct history *history;
    const struct error *error;
    const struct outcome *failed; /* the step that it was, NULL if it was none */
    const struct volume *awaited; /* that may still come, or NULL */
    const struct volume *damaged; /* that could be read with changes in memory, or NULL */
};

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

_Noreturn void rescue_leave(bool power_off)
{
    close_volumes();
    sync();
    reboot(power_off ? RB_POWER_OFF : RB_AUTOBOOT);
    for (;;) /* a machine that can do neither */
        pause();
}

static const struct outcome *find_failed(const struct history *history, const struct error *error)
{
    const struct outcome *last = history->count ? &history->outcomes[history->count - 1] : NULL;
    return last && last->failure && strcmp(last->failure, error->text) == 0 ? last : NULL;
}

static const struct volume *find_awaited(const struct outcome *failed)
{
    enum step_kind kind = failed->step->kind;
    return kind == STEP_DEVICE || kind == STEP_UNLOCK || kind == STEP_CHECK || kind == STEP_MOUNT
               ? failed->step->volume
               : NULL;
}

static const struct volume *find_damaged(const struct context *context,
                                         const struct outcome *failed)
{
    enum step_kind kind = failed->step->kind;
    return (kind == STEP_CHECK || kind == STEP_MOUNT) && damaged_can(context, failed->step->volume)
               ? failed->step->volume
               : NULL;
}

/* Without the volumes step by step, what was declared to persist would be kept in memory. */
static bool has_volumes(const struct incident *incident)
{
    const struct context *context = incident->context;
    return context && (context->generation ||
                       (incident->failed && incident->failed->step->kind == STEP_GENERATION));
}

static bool has_previous(const struct incident *incident)
{
    return has_volumes(incident) && choice_has_previous(incident->context);
}

static bool has_any(const struct incident *incident)
{
    return has_previous(incident) || (incident->context && incident->context->generation);
}

/* The lists are made now, and not when the step failed: a disk may have come since. */
static void tell(const struct incident *incident)
{
    const struct history *history = incident->history;
    const struct outcome *failed = incident->failed;
    struct context *context = incident->context;
    auto_string blocks = NULL;
    auto_string undriven = NULL;
    auto_string text = NULL;
    struct error ignored;
    size_t length;
    struct page page = {.error = incident->error->text, .done = history->count - (failed != NULL)};
    log_error("rescue: %s", incident->error->text);
    if (failed) {
        page.step = failed->sentence;
        page.origin = origin_line(history->arena, failed->step->origin);
    }
    if (page.done)
        page.last = history->outcomes[page.done - 1].sentence;
    if (context) {
        FILE *stream = page_open(&blocks, &length);
        watch_print(context, stream);
        fclose(stream);
        stream = page_open(&undriven, &length);
        if (!context->modules)
            (void)modules_open(&context->modules, &ignored); /* then nothing is served */
        undriven_print("/sys", context->modules, stream);
        fclose(stream);
    }
    page.blocks = blocks;
    page.undriven = undriven;
    FILE *stream = page_open(&text, &length);
    page_print(&page, stream);
    fclose(stream);
    page_show(text);
}

/* The time that is left when nobody does anything, 0 for ever. */
static unsigned patience(bool anybody)
{
    if (policy.action == RESCUE_WAIT && anybody)
        return 0;
    return policy.after ? policy.after : 1;
}

static bool has_come(const struct incident *incident)
{
    if (!incident->awaited || !watch_came(incident->context, incident->awaited))
        return false;
    console_print("the volume \"%s\" has come\n", incident->awaited->name);
    return true;
}

/* Nobody can be asked, so the declared action is taken once its time is over, unless what was
 * waited for comes first. */
static int wait_alone(const struct incident *incident)
{
    unsigned long start = clock_milliseconds(), limit = patience(false), waited;
    while ((waited = clock_milliseconds() - start) < limit) {
        struct pollfd news = {.fd = incident->awaited ? watch_events(incident->context) : -1,
                              .events = POLLIN};
        (void)poll(&news, 1, limit - waited < PAUSE ? (int)(limit - waited) : PAUSE); /* as below */
        if (has_come(incident))
            return 'r';
    }
    return MENU_LATE;
}

/* The key of a row; MENU_LATE. */
static int choose(const struct incident *incident, struct console_input *input, size_t *console)
{
    const struct menu_row rows[] = {
        {'r', "retry", !incident->context},
        {'m', "read-only, changes in memory", !incident->damaged},
        {'p', "previous generation", !has_previous(incident)},
        {'g', "choose a generation", !has_any(incident)},
        {'l', "log", false},
        {'s', "shell", !shell_is_offered(policy.shell)},
        {'b', "reboot", false},
        {'o', "power off", false},
        {0},
    };
    struct menu menu = {
        .input = input,
        .rows = rows,
        .limit = patience(true),
        .late = policy.action == RESCUE_POWEROFF ? "powering off" : "rebooting",
        .news = incident->awaited ? watch_events(incident->context) : -1,
        .pause = incident->awaited ? PAUSE : 0,
    };
    menu_show(&menu);
    int key;
    while ((key = menu_wait(&menu)) == MENU_NEWS)
        if (has_come(incident))
            return 'r';
    *console = menu.console;
    return key == MENU_NOBODY ? wait_alone(incident) : key;
}

/* Once it is open, nobody listens to `input` any more. */
static void open_shell(const struct incident *incident, struct console_input **input,
                       size_t console)
{
    if (incident->context)
        watch_wipe(incident->context);
    auto_fd terminal = shell_ask(policy.shell, *input) ? dup(console_fd(*input, console)) : -1;
    if (terminal < 0)
        return;
    console_input_free(TAKE_PTR(*input)); /* it wants the terminal as it was */
    log_warning("rescue: a shell is open");
    shell_run(terminal);
}

/* Whether there is one to boot now. */
static bool choose_another(const struct incident *incident, struct console_input *input)
{
    struct error error;
    unsigned number = choose_by(incident->context, input, 0, patience(true));
    if (!number)
        return false;
    if (choice_take(incident->context, number, &error) == 0)
        return true;
    console_print("ebb: %s\n", error.text);
    return false;
}

static int ask(const struct incident *incident, struct console_input **input)
{
    struct error error;
    for (;;) {
        size_t console = 0;
        if (!*input && (!console_exists() || console_listen(input, &error) < 0))
            return wait_alone(incident);
        int key = choose(incident, *input, &console);
        if (key == 'l')
            journal_show(*input, patience(true));
        else if (key == 's')
            open_shell(incident, input, console);
        else if (key != 'g' || choose_another(incident, *input))
            return key;
        console_print("\nebb: rescue: %s\n\n", incident->error->text);
    }
}

enum rescue_choice rescue(struct context *context, const struct history *history,
                          const struct error *error)
{
    const struct outcome *failed = find_failed(history, error);
    const struct incident incident = {
        .context = context,
        .history = history,
        .error = error,
        .failed = failed,
        .awaited = context && failed ? find_awaited(failed) : NULL,
        .damaged = context && failed ? find_damaged(context, failed) : NULL,
    };
    struct console_input *input = NULL;
    tell(&incident);
    int key = ask(&incident, &input);
    console_input_free(input);
    if (key == 'm')
        context_volume(context, incident.damaged)->in_memory = true;
    if (key == 'r' || key == 'm')
        return key == 'r' ? RESCUE_RETRY : RESCUE_MEMORY;
    if (key == 'p' || key == 'g')
        return key == 'p' ? RESCUE_PREVIOUS : RESCUE_OTHER;
    if (key == 'b' || key == 'o')
        rescue_leave(key == 'o');
    rescue_leave(policy.action == RESCUE_POWEROFF);
}
