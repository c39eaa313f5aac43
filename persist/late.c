#include "persist/late.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* A path as tmpfiles.d(5) reads it: first the quotes, then `%`, then as a glob. Only what every
 * version reads alike is used: the older ones know no octal escapes. */
static const char *escaped(struct arena *arena, const char *path)
{
    char *text = arena_alloc(arena, strlen(path) * 4 + 1), *at = text;
    for (; *path; path++) {
        const char *before = strchr("*?[]{}", *path) ? "\\\\"
                             : *path == '\\'         ? "\\\\\\"
                             : *path == '"'          ? "\\"
                             : *path == '%'          ? "%"
                                                     : "";
        at = stpcpy(at, before);
        *at++ = *path;
    }
    return text;
}

static int append(const char *line, struct error *error)
{
    static const char path[] = "/run/tmpfiles.d/ebb.conf";
    if (mkdir("/run/tmpfiles.d", 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/run/tmpfiles.d\"");
    auto_fd file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int code = file < 0 ? -errno : path_write_all(file, line, strlen(line));
    return code < 0 ? error_system(error, -code, "cannot write \"%s\"", path) : 0;
}

static const char *field(struct arena *arena, const char *late, unsigned number)
{
    return late ? late : arena_printf(arena, "%u", number);
}

static void record(const char *path, const char *line, const struct owner *owner,
                   struct context *context)
{
    struct error error;
    *ARENA_PUSH(context->arena, context->late, context->late_count) = path;
    log_warning("\"%s\" is closed until systemd-tmpfiles gives it to its owner: nobody knows the "
                "%s \"%s\" yet",
                path, owner->late_user ? "user" : "group",
                owner->late_user ? owner->late_user : owner->late_group);
    if (append(line, &error) < 0)
        log_warning("ignoring, so that \"%s\" stays closed: %s", path, error.text);
}

void late_entry(const struct persist_entry *entry, const struct owner *owner, mode_t mode,
                struct context *context)
{
    auto_arena arena = arena_new();
    record(entry->target,
           arena_printf(arena, "z \"%s\" %04o %s %s - -\n", escaped(arena, entry->target),
                        (unsigned)mode, field(arena, owner->late_user, owner->user),
                        field(arena, owner->late_group, owner->group)),
           owner, context);
}

void late_home(const char *path, const struct owner *owner, struct context *context)
{
    auto_arena arena = arena_new();
    record(arena_string(context->arena, path),
           arena_printf(arena, "Z \"%s\" - %s - - -\n", escaped(arena, path), owner->late_user),
           owner, context);
}
