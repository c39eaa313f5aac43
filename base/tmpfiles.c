#include "base/tmpfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

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

int tmpfiles_add(const struct tmpfiles_line *line, struct error *error)
{
    static const char path[] = "/run/tmpfiles.d/ebb.conf";
    auto_arena arena = arena_new();
    if (mkdir("/run/tmpfiles.d", 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/run/tmpfiles.d\"");
    const char *text =
        arena_printf(arena, "%c \"%s\" %s %s %s - -\n", line->type, escaped(arena, line->path),
                     line->mode, line->user, line->group);
    auto_fd file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int code = file < 0 ? -errno : path_write_all(file, text, strlen(text));
    return code < 0 ? error_system(error, -code, "cannot write \"%s\"", path) : 0;
}
