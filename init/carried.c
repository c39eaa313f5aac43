#include "init/carried.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "generations/store.h"
#include "plan/make.h"
#include "plan/scfg.h"

/* Copied to where nobody else writes; messages name it so, and people can read it there. */
static int copy(const struct context *context, const struct place *store, const char *path,
                const char *name, struct error *error)
{
    auto_string text = NULL;
    size_t length;
    auto_fd fd = path_open(context_volume(context, store->volume)->fd, path,
                           O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s:%s\"", store->volume_name, path);
    int code = path_read_fd(fd, path, SCFG_MAX_SIZE, &text, &length, error);
    return code < 0 ? code : path_write(AT_FDCWD, name, text, length, 0600, error);
}

static int fail(const struct context *context, const struct report *report, struct error *error)
{
    const struct problem *first = report_first_error(report);
    return error_set(error, EINVAL,
                     "the configuration of generation %u has errors, first %s: %.300s; boot "
                     "another generation",
                     context->generation->number, origin_text(context->arena, first->origin),
                     first->text);
}

int carried_read(const struct context *context, const struct config *image,
                 const struct config **config, struct error *error)
{
    struct arena *arena = context->arena;
    const struct generation *generation = context->generation;
    const struct place *store = &image->generations.place;
    const char *path,
        *name = arena_printf(arena, "/run/ebb/generation-%u.conf", generation->number);
    struct report report = {.arena = arena};
    int code =
        generation_config(arena, context_volume(context, store->volume)->fd, &image->generations,
                          generation->number, generation->choice, &path, error);
    if (code == 0 && !path) {
        *config = image;
        return 0;
    }
    if (code == 0)
        code = copy(context, store, path, name, error);
    if (code < 0)
        return code;
    struct config *own = config_load(name, NULL, &report);
    if (!report.errors)
        config_join(own, image, &report);
    if (!report.errors)
        config_check(own, &report);
    for (size_t i = 0; i < report.count; i++)
        log_warning("%s: %s", origin_text(context->arena, report.problems[i].origin),
                    report.problems[i].text);
    if (report.errors)
        return fail(context, &report, error);
    *config = own;
    return 0;
}
