#include "mounts/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/log.h"
#include "mounts/kernel.h"

/* The first boot of a system makes much; one that hangs is to give way all the same. */
enum { PREPARE_TIMEOUT = 15 * 60 * 1000 };

static const char others[] =
    "boot another generation with ebb.generation=, or write enter=init in `generations`";

void prepare_plan(const struct config *config, const struct generation *generation,
                  const char *init, struct plan *plan)
{
    const struct generations *declared = &config->generations;
    if (declared->kind != STORE_NIX || declared->enter == ENTER_INIT)
        return;
    struct step *step = plan_add(plan, STEP_PREPARE, declared->origin);
    step->init = init ? init : generation->init;
    step->generation = generation;
    step->is_asked = declared->enter == ENTER_PREPARE_ROOT;
}

void prepare_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "prepare the new root as the prepare-root beside %s does%s",
            step->init ? step->init : "the init of the generation",
            step->is_asked ? "" : ", if there is one");
}

/* In the arena, or NULL. */
static const char *find(const struct context *context, const char *init)
{
    struct stat status;
    int length = (int)(strrchr(init, '/') - init);
    const char *path = arena_printf(context->arena, "%.*s/prepare-root", length, init);
    auto_fd fd = path_open_in_root(context->root.fd, path, O_PATH);
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? path : NULL;
}

bool prepare_is_beside(const struct context *context, const char *init)
{
    return find(context, init) != NULL;
}

static int run(const struct step *step, const struct context *context, const char *program,
               struct error *error)
{
    const char *const arguments[] = {program, NULL};
    const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                       "IN_NIXOS_SYSTEMD_STAGE1=true", NULL};
    const struct child child = {.name = "prepare-root",
                                .arguments = arguments,
                                .environment = environment,
                                .timeout = PREPARE_TIMEOUT,
                                .root = context->root.fd};
    struct child_result result = {0};
    int code = kernel_lend(context->root.fd, error);
    if (code == 0)
        code = child_run(&child, &result, error);
    kernel_take_back(context->root.fd);
    if (code < 0)
        return code;
    if (result.end == CHILD_LATE || result.end == CHILD_STUCK)
        return error_set(error, ETIMEDOUT, "\"%s\" of generation %u is not done after 15 min; %s",
                         program, step->generation->number, others);
    if (result.end == CHILD_SIGNALLED || result.number != 0)
        return error_set(error, EIO,
                         "\"%s\" of generation %u failed with %s %d, and its last words are "
                         "\"%s\"; %s",
                         program, step->generation->number,
                         result.end == CHILD_EXITED ? "exit status" : "signal", result.number,
                         result.last, others);
    return 0;
}

int prepare_apply(const struct step *step, struct context *context, struct error *error)
{
    const char *program = find(context, step->init);
    if (!program && step->is_asked)
        return error_set(error, ENOENT, "generation %u has no prepare-root beside \"%s\"; %s",
                         step->generation->number, step->init, others);
    if (!program) {
        log_debug("no prepare-root is beside %s, which does its work", step->init);
        return 0;
    }
    return run(step, context, program, error);
}
