/* The story of a boot, from the first instruction of PID 1 to the real init. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/log.h"
#include "generations/attempt.h"
#include "generations/choice.h"
#include "generations/guard.h"
#include "hooks/run.h"
#include "init/answer.h"
#include "init/arguments.h"
#include "init/carried.h"
#include "init/choose.h"
#include "init/fault.h"
#include "init/keymap.h"
#include "init/measure.h"
#include "init/rescue.h"
#include "init/shutdown.h"
#include "init/status.h"
#include "init/switch.h"
#include "init/systemd.h"
#include "kconfig/request.h"
#include "mounts/damaged.h"
#include "mounts/kernel.h"
#include "mounts/root.h"
#include "mounts/watch.h"
#include "persist/copies.h"
#include "persist/required.h"
#include "plan/apply.h"
#include "plan/make.h"
#include "secrets/step.h"

struct boot {
    struct arena *arena;
    unsigned long start;
    struct arguments arguments;
    struct config *config;
    struct context *context;
    struct course volumes, root;
    struct history history;
    size_t kept; /* how many outcomes are of the volumes, and hold whatever becomes of the root */
};

static int read_command_line(struct boot *boot, struct error *error)
{
    auto_string line = NULL;
    int code = path_read(AT_FDCWD, "/proc/cmdline", 1 << 16, &line, NULL, error);
    if (code < 0)
        return code;
    arguments_parse(boot->arena, line, &boot->arguments);
    log_set_level(boot->arguments.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    return 0;
}

/* Whoever has to type may still find the keys, so a boot does not end here. */
static void load_keymap(void)
{
    struct error error;
    if (keymap_load("/etc/ebb/keymap", &error) < 0)
        log_warning("ignoring: %s", error.text);
}

static void run_passphrase_hooks(const struct context *context)
{
    hooks_run(context, HOOK_ON_PASSPHRASE, NULL);
}

/* The builder refuses a configuration with errors; one that has them here was damaged since. */
static int read_config(struct boot *boot, struct error *error)
{
    static const char *const added[] = {"/etc/ebb/added.conf", NULL}; /* by `ebb vm` */
    struct report report = {.arena = boot->arena};
    bool is_added = access(added[0], F_OK) == 0;
    boot->config = config_load("/etc/ebb/ebb.conf", is_added ? added : NULL, &report);
    config_check(boot->config, &report);
    if (boot->arguments.rescue >= 0)
        boot->config->rescue.action = boot->arguments.rescue;
    rescue_policy(&boot->config->rescue);
    fault_policy(&boot->config->rescue);
    for (size_t i = 0; i < report.count; i++)
        log_warning("%s: %s", origin_text(boot->arena, report.problems[i].origin),
                    report.problems[i].text);
    if (report.errors) {
        const struct problem *first = report_first_error(&report);
        return error_set(error, EINVAL,
                         "the configuration in the image has errors, first %s: %.300s; "
                         "rebuild the image with `ebb build`",
                         origin_text(boot->arena, first->origin), first->text);
    }
    boot->context = context_new(boot->arena, boot->config, "/run/ebb/volumes", "/sysroot");
    boot->context->continues = boot->arguments.continues;
    boot->context->asked_init = boot->arguments.init;
    boot->context->wait_for_ever = boot->arguments.wait_for_ever;
    boot->context->waits = attempt_wait;
    boot->context->asks_first = run_passphrase_hooks;
    boot->context->chooses = choose_generation;
    boot->context->menu = boot->arguments.menu;
    return 0;
}

static int begin(struct boot *boot, struct error *error)
{
    int code = kernel_mount(error);
    console_open(); /* also when that failed, to say so */
    log_to_kernel();
    log_info("begin");
    measure_phase("/.extra", "enter-initrd");
    if (code == 0)
        code = read_command_line(boot, error);
    load_keymap();
    if (code == 0)
        code = read_config(boot, error);
    return code;
}

static int bring_up_volumes(struct boot *boot, struct error *error)
{
    static const char *const folders[] = {"/run/ebb", "/run/ebb/volumes"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
        if (mkdir(folders[i], i ? 0700 : 0755) < 0 && errno != EEXIST)
            return error_system(error, errno, "cannot make \"%s\"", folders[i]);
    if (!boot->volumes.plan)
        boot->volumes.plan = plan_volumes(boot->arena, boot->config, boot->arguments.generation);
    int code = plan_apply(&boot->volumes, boot->context, &boot->history, error);
    boot->kept = boot->history.count - (code < 0);
    if (code == 0)
        watch_close(boot->context);
    return code;
}

static int make_root(struct boot *boot, struct error *error)
{
    struct context *context = boot->context;
    if (context->trial)
        guard_panics();
    int code = carried_read(context, boot->config, &context->config, error);
    if (code < 0)
        return code;
    boot->root = (struct course){
        plan_root(boot->arena, context->config, context->generation, context->asked_init), 0};
    return plan_apply(&boot->root, boot->context, &boot->history, error);
}

static void keep_status(struct boot *boot, const char *failure)
{
    struct error error;
    if (status_write("/run/ebb/status.json", boot->context, &boot->history, boot->start, failure,
                     &error) < 0)
        log_warning("ignoring: %s", error.text);
}

/* On the consoles, for the log may be hidden by `quiet`, and nobody reads it who has no reason to.
 */
static void tell_degraded(const struct context *context, const struct history *history)
{
    for (size_t i = 0; i < context->config->volume_count; i++)
        if (context->states[i].in_memory)
            console_print("ebb: degraded: " DAMAGED_SENTENCE "\n",
                          context->config->volumes[i]->name);
    for (size_t i = 0; i < history->count; i++) {
        const struct outcome *outcome = &history->outcomes[i];
        if (outcome->ignored && required_degrades(outcome->step))
            console_print("ebb: degraded: \"%s\" did not come back: %s\n", outcome->step->target,
                          outcome->failure);
        if (outcome->ignored && hook_degrades(outcome->step))
            console_print("ebb: degraded: %s\n", outcome->failure);
    }
}

/* Returns only on failure. */
static int boot_system(struct boot *boot, char **arguments, struct error *error)
{
    int code = bring_up_volumes(boot, error);
    if (code == 0)
        code = make_root(boot, error);
    if (code == 0) /* without the list, what was copied would be lost, and nobody would know */
        code = copies_write(COPIES_LIST, boot->context, error);
    if (code < 0)
        return code;
    tell_degraded(boot->context, &boot->history);
    keep_status(boot, NULL);
    arguments[0] = (char *)boot->context->init;
    if (boot->arguments.analyze)
        arguments = systemd_arguments(boot->context, arguments, boot->start);
    attempt_note(boot->context, RECORD_LEFT, "");
    log_info("execute %s", boot->context->init);
    code = switch_root(boot->context, boot->context->init, arguments, boot->arguments.read_only,
                       error);
    boot->context = NULL; /* too much is taken apart to try anything again */
    return code;
}

/* Nothing can be tried again, so it does not come back. */
_Noreturn static void end_in_rescue(const struct history *history, const struct error *error)
{
    for (;;)
        (void)rescue(NULL, history, error); /* as above */
}

/* After a fault the program is executed anew, and does only this. */
_Noreturn static void rescue_after_fault(const struct rescue *policy, const struct error *error)
{
    const struct history unknown = {0};
    rescue_policy(policy);
    fault_policy(policy);
    console_open();
    log_to_kernel();
    end_in_rescue(&unknown, error);
}

/* A generation that cannot be entered gives way to another one, in the same boot. A person is asked
 * where there is none, or was asked for. */
static enum rescue_choice choose(struct boot *boot, const struct error *error)
{
    struct context *context = boot->context;
    struct error none;
    bool has_volumes =
        boot->volumes.plan && boot->volumes.next >= plan_find(boot->volumes.plan, STEP_GENERATION);
    attempt_failed(context, error);
    if (has_volumes && !context->asks && choice_fall_back(context, &none) == 0) {
        console_print("ebb: %s: booting generation %u instead\n", error->text,
                      context->generation->number);
        return RESCUE_OTHER;
    }
    /* Of another kernel, as the others may be; the next boot knows what became of this one. */
    if (has_volumes && context->continues && !context->generation_is_asked &&
        (context->trial || context->config->generations.tries)) {
        console_print("ebb: %s: rebooting\n", error->text);
        rescue_leave(false);
    }
    return rescue(context, &boot->history, error);
}

/* Tells a person what happened, or waits as declared, until there is a reason to go on. */
static int ask_rescue(struct boot *boot, struct error *error)
{
    if (!boot->context)
        end_in_rescue(&boot->history, error);
    keep_status(boot, error->text);
    hooks_run(boot->context, HOOK_ON_RESCUE, error->text);
    enum rescue_choice choice = choose(boot, error);
    log_info("rescue is over: %s", rescue_choice_names[choice]);
    history_go_on(&boot->history, boot->kept, error);
    root_discard(boot->context);
    boot->context->config = boot->config;
    secrets_discard(boot->context);
    watch_retry(boot->context);
    if (choice == RESCUE_RETRY || choice == RESCUE_MEMORY)
        return 0;
    boot->volumes.next = plan_find(boot->volumes.plan, STEP_GENERATION) + 1;
    return choice == RESCUE_OTHER ? 0 : choice_previous(boot->context, error);
}

int main(int count, char **arguments)
{
    guard_serve(count, arguments);
    shutdown_serve(count, arguments);
    if (getpid() != 1) {
        int status = request_serve(count, arguments);
        if (status < 0)
            status = answer_serve(count, arguments);
        if (status < 0)
            fprintf(stderr, "ebb-init is PID 1 of an initramfs that `ebb build` makes; see "
                            "ebb-init(8)\n");
        return status < 0 ? 2 : status;
    }
    struct error error = {0};
    struct rescue policy = {.action = RESCUE_WAIT, .after = 30000, .shell = "no"};
    fault_policy(&policy);
    fault_catch();
    if (fault_was_caught(count, arguments, &policy, &error))
        rescue_after_fault(&policy, &error);
    struct boot boot = {.arena = arena_new(), .start = clock_microseconds()};
    boot.history.arena = boot.arena;
    int code = begin(&boot, &error);
    for (;;) {
        if (code == 0)
            (void)boot_system(&boot, arguments, &error); /* it came back: the error says why */
        code = ask_rescue(&boot, &error);
    }
}
