#include "hooks/run.h"

#include <errno.h>
#include <string.h>

#include "base/child.h"

void hooks_check(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->hook_count; i++)
        if (config->hooks[i]->timeout == 0)
            report_error(report, config->hooks[i]->origin,
                         "the hook \"%s\" has no time at all; give it a timeout= or leave it out",
                         config->hooks[i]->path);
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
    fprintf(stream, "run the hook %s %s", hook->path, hook_point_names[hook->point]);
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

static int run(const struct hook *hook, const struct context *context, struct error *error)
{
    char root[300], volumes[300], point[64], generation[64];
    snprintf(root, sizeof(root), "EBB_ROOT=%s", context->root.name);
    snprintf(volumes, sizeof(volumes), "EBB_VOLUMES=%s", context->volumes);
    snprintf(point, sizeof(point), "EBB_POINT=%s", hook_point_names[hook->point]);
    snprintf(generation, sizeof(generation), "EBB_GENERATION=%u",
             context->generation ? context->generation->number : 0);
    const char *const arguments[] = {hook->path, NULL};
    const char *const environment[] = {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", root, volumes, point, generation, NULL};
    const struct child child = {.name = hook->path,
                                .arguments = arguments,
                                .environment = environment,
                                .timeout = hook->timeout};
    struct child_result result = {0};
    int code = child_run(&child, &result, error);
    return code < 0 ? error_prefix(error, "the hook") : judge(hook, &result, error);
}

int hook_apply(const struct step *step, struct context *context, struct error *error)
{
    int code = run(step->hook, context, error);
    return code < 0 && step->hook->failure == HOOK_WARNS ? 1 : code;
}
