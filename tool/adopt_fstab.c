/* The /etc/fstab of a system that is adopted: its line for the old root would have the new one
 * mounted again with options that are not its own, and swap files stay behind. */
#include "tool/adopting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { FSTAB_LIMIT = 1 << 20 };

static bool is_left(const struct adopting *adopting, const char *path)
{
    for (size_t i = 0; i < adopting->left_count; i++)
        if (strcmp(adopting->lefts[i].path, path) == 0)
            return true;
    return false;
}

static bool is_old(const struct adopting *adopting, const char *line)
{
    char source[1024], target[1024], type[64];
    if (sscanf(line, " %1023s %1023s %63s", source, target, type) != 3 || *source == '#')
        return false;
    return strcmp(target, "/") == 0 || (strcmp(type, "swap") == 0 && is_left(adopting, source));
}

int adopt_fstab(struct adopting *adopting, struct error *error)
{
    struct arena *arena = adopting->arena;
    const char *made = "", *cut = "";
    auto_string text = NULL;
    auto_fd fd = path_open_in_root(adopting->root.fd, "/etc/fstab", O_RDONLY | O_NONBLOCK);
    if (fd == -ENOENT)
        return 0;
    int code = fd < 0
                   ? error_system(error, -fd, "cannot open \"%s/etc/fstab\"", adopting->root.name)
                   : path_read_fd(fd, "/etc/fstab", FSTAB_LIMIT, &text, NULL, error);
    if (code < 0)
        return code;
    char *rest = text;
    for (const char *line; (line = strsep(&rest, "\n")) && (rest || *line);) {
        bool old = is_old(adopting, line);
        made = arena_printf(arena, "%s%s%s\n", made, old ? "# before ebb adopt: " : "", line);
        if (old)
            cut = arena_printf(arena, "%s  %s\n", cut, line);
    }
    if (!*cut)
        return 0;
    adopting->fstab = made;
    adopting->fstab_cut = cut;
    return 0;
}
