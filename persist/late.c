#include "persist/late.h"

#include "base/log.h"
#include "base/tmpfiles.h"

static const char *field(struct arena *arena, const char *late, unsigned number)
{
    return late ? late : arena_printf(arena, "%u", number);
}

static void record(const char *path, const struct tmpfiles_line *line, const struct owner *owner,
                   struct context *context)
{
    struct error error;
    *ARENA_PUSH(context->arena, context->late, context->late_count) = path;
    log_warning("\"%s\" is closed until systemd-tmpfiles gives it to its owner: nobody knows the "
                "%s \"%s\" yet",
                path, owner->late_user ? "user" : "group",
                owner->late_user ? owner->late_user : owner->late_group);
    if (tmpfiles_add(line, &error) < 0)
        log_warning("ignoring, so that \"%s\" stays closed: %s", path, error.text);
}

void late_entry(const struct persist_entry *entry, const struct owner *owner, mode_t mode,
                struct context *context)
{
    auto_arena arena = arena_new();
    const struct tmpfiles_line line = {
        'z', entry->target, arena_printf(arena, "%04o", (unsigned)mode),
        field(arena, owner->late_user, owner->user), field(arena, owner->late_group, owner->group)};
    record(entry->target, &line, owner, context);
}

void late_home(const char *path, const struct owner *owner, struct context *context)
{
    const struct tmpfiles_line line = {'Z', path, "-", owner->late_user, "-"};
    record(arena_string(context->arena, path), &line, owner, context);
}
