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
#include "init/arguments.h"
#include "init/rescue.h"
#include "init/status.h"
#include "init/switch.h"
#include "mounts/kernel.h"
#include "plan/apply.h"
#include "plan/make.h"

struct boot {
    struct arena *arena;
    unsigned long start;
    struct arguments arguments;
    struct config *config;
    struct context *context;
    struct history history;
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
    for (size_t i = 0; i < report.count; i++)
        log_warning("%s: %s", origin_text(boot->arena, report.problems[i].origin),
                    report.problems[i].text);
    const struct problem *first = report.problems;
    while (report.errors && first->severity != SEVERITY_ERROR)
        first++;
    if (report.errors)
        return error_set(error, EINVAL,
                         "the configuration in the image has errors, first %s: %.300s; "
                         "rebuild the image with `ebb build`",
                         origin_text(boot->arena, first->origin), first->text);
    boot->context = context_new(boot->arena, boot->config, "/run/ebb/volumes", "/sysroot");
    boot->context->wait_for_ever = boot->arguments.wait_for_ever;
    return 0;
}

static int bring_up_volumes(struct boot *boot, struct error *error)
{
    if ((mkdir("/run/ebb", 0755) < 0 && errno != EEXIST) || mkdir("/run/ebb/volumes", 0700) < 0)
        return error_system(error, errno, "cannot make \"/run/ebb/volumes\"");
    return plan_apply(plan_volumes(boot->arena, boot->config, boot->arguments.generation),
                      boot->context, &boot->history, error);
}

static int make_root(struct boot *boot, struct error *error)
{
    return plan_apply(
        plan_root(boot->arena, boot->config, boot->context->generation, boot->arguments.init),
        boot->context, &boot->history, error);
}

static void keep_status(struct boot *boot, const char *failure)
{
    struct error error;
    if (status_write("/run/ebb/status.json", boot->context, &boot->history, boot->start, failure,
                     &error) < 0)
        log_warning("ignoring: %s", error.text);
}

/* Returns only on failure. The first call may fail already; console and log are opened all the
 * same, to say so. */
static int boot_system(struct boot *boot, char **arguments, struct error *error)
{
    int code = kernel_mount(error);
    console_open();
    log_to_kernel();
    log_info("begin");
    if (code == 0)
        code = read_command_line(boot, error);
    if (code == 0)
        code = read_config(boot, error);
    if (code == 0)
        code = bring_up_volumes(boot, error);
    if (code == 0)
        code = make_root(boot, error);
    if (code != 0)
        return code;
    keep_status(boot, NULL);
    arguments[0] = (char *)boot->context->init;
    log_info("execute %s", boot->context->init);
    return switch_root(boot->context, boot->context->init, arguments, boot->arguments.read_only,
                       error);
}

int main(int count, char **arguments)
{
    if (getpid() != 1) {
        fprintf(stderr,
                "ebb-init is PID 1 of an initramfs that `ebb build` makes; see ebb-init(8)\n");
        return 2;
    }
    (void)count; /* the list ends in NULL, and goes on to the real init as the kernel made it */
    struct boot boot = {.arena = arena_new(), .start = clock_microseconds()};
    boot.history.arena = boot.arena;
    struct error error = {0};
    rescue_catch_faults();
    (void)boot_system(&boot, arguments, &error); /* it came back: the error says why */
    if (boot.context)
        keep_status(&boot, error.text);
    rescue(&boot.history, &error);
}
