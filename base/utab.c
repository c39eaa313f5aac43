#include "base/utab.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/path.h"

/* Spaces and their like as libmount reads them. */
static const char *mangled(struct arena *arena, const char *text)
{
    auto_string mangle = mnt_mangle(text);
    if (!mangle)
        memory_exhausted();
    return arena_string(arena, mangle);
}

bool utab_has(const char *target)
{
    struct error ignored; /* without the file there is no line */
    auto_arena arena = arena_new();
    auto_string text = NULL;
    const char *field = arena_printf(arena, " TARGET=%s ", mangled(arena, target));
    return path_read(AT_FDCWD, "/run/mount/utab", 1 << 24, &text, NULL, &ignored) == 0 &&
           strstr(text, field);
}

int utab_add(const struct utab_line *line, struct error *error)
{
    auto_arena arena = arena_new();
    const char *text =
        arena_printf(arena, "SRC=%s TARGET=%s ROOT=%s OPTS=%s%sx-initrd.mount\n",
                     mangled(arena, line->source), mangled(arena, line->target),
                     mangled(arena, line->root), line->options, *line->options ? "," : "");
    if (mkdir("/run/mount", 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/run/mount\"");
    auto_fd file = open("/run/mount/utab", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int code = file < 0 ? -errno : path_write_all(file, text, strlen(text));
    return code < 0 ? error_system(error, -code, "cannot write \"/run/mount/utab\"") : 0;
}
