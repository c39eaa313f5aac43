#include "persist/owner.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

enum { DATABASE_LIMIT = 16 << 20 };

/* The third field of the line that begins with "name:", which both files have. */
static int look_up(int root, const char *file, const char *kind, const char *name,
                   unsigned long *number, struct error *error)
{
    char *end;
    *number = strtoul(name, &end, 10);
    if (!*end)
        return 0; /* the configuration allows nothing but digits here */
    auto_string text = NULL;
    auto_fd fd = path_open_in_root(root, file, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return error_set(error, -fd,
                         "the %s \"%s\" cannot be looked up in the new root's %s: %s; declare a "
                         "number instead",
                         kind, name, file, strerror(-fd));
    int code = path_read_fd(fd, file, DATABASE_LIMIT, &text, NULL, error);
    if (code < 0)
        return code;
    size_t length = strlen(name);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *field = line + length + 1;
        field += strcspn(field, ":\n");
        if (*field != ':' || !isdigit((unsigned char)field[1]))
            continue; /* strtoul would pass over blanks, and the line's end with them */
        *number = strtoul(field + 1, &end, 10);
        if (end != field + 1 && *end == ':' && *number < UINT_MAX)
            return 0;
    }
    return error_set(error, ENOENT,
                     "the new root's %s has no %s \"%s\"; add it to the generation, or "
                     "declare a number",
                     file, kind, name);
}

int owner_user(int root, const char *name, uid_t *user, struct error *error)
{
    unsigned long number;
    int code = look_up(root, "/etc/passwd", "user", name, &number, error);
    if (code == 0)
        *user = (uid_t)number;
    return code;
}

int owner_group(int root, const char *name, gid_t *group, struct error *error)
{
    unsigned long number;
    int code = look_up(root, "/etc/group", "group", name, &number, error);
    if (code == 0)
        *group = (gid_t)number;
    return code;
}
