#include "hooks/run.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"

static void check_one(const struct hook *hook, struct report *report)
{
    if (hook->timeout == 0 && !hook->background)
        report_error(report, hook->origin,
                     "the hook \"%s\" has no time at all; give it a timeout= or leave it out",
                     hook->path);
    /* From then on passphrases may be in our memory, and volumes are open: the child that minds it
     * would hold both for as long as the initramfs lives. */
    if (hook->background && hook->point > HOOK_ON_PASSPHRASE)
        report_error(report, hook->origin,
                     "the hook \"%s\" cannot begin to run in the background so late; move it to "
                     "before-volumes or on-passphrase",
                     hook->path);
    if ((hook->background || hook->point == HOOK_ON_RESCUE) && hook->failure != HOOK_WARNS)
        report_error(report, hook->origin,
                     "the boot does not depend on the hook \"%s\", because it %s; leave failure= "
                     "out",
                     hook->path,
                     hook->background ? "goes on beside it" : "runs when that has failed");
}

void hooks_check(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->hook_count; i++)
        check_one(config->hooks[i], report);
}

void hooks_plan(const struct config *config, enum hook_point point, struct plan *plan)
{
    for (size_t i = 0; i < config->hook_count; i++)
        if (config->hooks[i]->point == (int)point)
            plan_add(plan, STEP_HOOK, config->hooks[i]->origin)->hook = config->hooks[i];
}

void hook_sentence(const struct step *step, FILE *stream)
{
    const struct hook *hook = step->hook;
    fprintf(stream, "%s the hook %s %s", hook->background ? "begin" : "run", hook->path,
            hook_point_names[hook->point]);
}

/* The child's own words are in the log; this says what became of it. */
static int judge(const struct hook *hook, const struct child_result *result, struct error *error)
{
    switch (result->end) {
    case CHILD_STUCK:
        return error_set(error, ETIMEDOUT,
                         "the hook \"%s\" was not done after %u ms and cannot be ended: it waits "
                         "for a device; mend that, or leave the hook out",
                         hook->path, hook->timeout);
    case CHILD_LATE:
        return error_set(error, ETIMEDOUT,
                         "the hook \"%s\" was not done after %u ms and was ended; "
                         "mend it, or give it a longer timeout=",
                         hook->path, hook->timeout);
    case CHILD_SIGNALLED:
        return error_set(error, EIO, "the hook \"%s\" was ended by signal %d (%s)", hook->path,
                         result->number, strsignal(result->number));
    case CHILD_EXITED:
        break;
    }
    return result->number == 0
               ? 0
               : error_set(error, EIO,
                           "the hook \"%s\" failed with exit status %d; its words are in the "
                           "log above",
                           hook->path, result->number);
}

/* What it prints goes to the log for as long as it runs, and this child of ours sees to that. */
static int begin(const struct hook *hook, const struct context *context, const struct child *child,
                 struct error *error)
{
    struct minders *minders = context->minders;
    struct child_result result;
    pid_t minder = fork();
    if (minder < 0)
        return error_system(error, errno, "cannot run the hook \"%s\"", hook->path);
    if (minder > 0 && minders->count < ARRAY_LENGTH(minders->list))
        minders->list[minders->count++] = minder;
    if (minder > 0)
        return 0; /* it is ended at the switch, as everything is */
    child_forget_signals();
    log_close_others();                   /* what is open in PID 1 would live as long as it */
    (void)prctl(PR_SET_NAME, "ebb-hook"); /* only for people who look at ps */
    if (child_run(child, &result, error) < 0 || judge(hook, &result, error) < 0)
        log_warning("ignoring: %s", error->text);
    _exit(0);
}

static int run(const struct hook *hook, const struct context *context, const char *failure,
               struct error *error)
{
    char root[300], volumes[300], point[64], generation[64], reason[600];
    snprintf(root, sizeof(root), "EBB_ROOT=%s", context->root.name);
    snprintf(volumes, sizeof(volumes), "EBB_VOLUMES=%s", context->volumes);
    snprintf(point, sizeof(point), "EBB_POINT=%s", hook_point_names[hook->point]);
    snprintf(generation, sizeof(generation), "EBB_GENERATION=%u",
             context->generation ? context->generation->number : 0);
    snprintf(reason, sizeof(reason), "EBB_FAILURE=%s", failure ? failure : "");
    const char *const arguments[] = {hook->path, NULL};
    const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                       root,
                                       volumes,
                                       point,
                                       generation,
                                       failure ? reason : NULL,
                                       NULL};
    const struct child child = {.name = hook->path,
                                .arguments = arguments,
                                .environment = environment,
                                .timeout = hook->timeout};
    struct child_result result = {0};
    if (hook->background)
        return begin(hook, context, &child, error);
    int code = child_run(&child, &result, error);
    return code < 0 ? error_prefix(error, "the hook") : judge(hook, &result, error);
}

int hook_apply(const struct step *step, struct context *context, struct error *error)
{
    int code = run(step->hook, context, NULL, error);
    return code < 0 && step->hook->failure != HOOK_FAILS_BOOT ? 1 : code;
}

bool hook_degrades(const struct step *step)
{
    return step->kind == STEP_HOOK && step->hook->failure == HOOK_DEGRADES;
}

void hooks_run(const struct context *context, enum hook_point point, const char *failure)
{
    struct error error;
    for (size_t i = 0; i < context->config->hook_count; i++) {
        const struct hook *hook = context->config->hooks[i];
        if (hook->point != (int)point)
            continue;
        log_info("run the hook %s %s", hook->path, hook_point_names[point]);
        if (run(hook, context, failure, &error) < 0)
            log_warning("ignoring: %s", error.text);
    }
}
