#include "plan/owner.h"

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

/* The line that begins with "name:", from its third field on, which is a number in both files. */
static const char *find_line(const char *text, const char *name, unsigned long *number)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        char *end;
        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *field = line + length + 1;
        field += strcspn(field, ":\n");
        if (*field != ':' || !isdigit((unsigned char)field[1]))
            continue; /* strtoul would pass over blanks, and the line's end with them */
        *number = strtoul(field + 1, &end, 10);
        if (end != field + 1 && *end == ':' && *number < UINT_MAX)
            return end + 1;
    }
    return NULL;
}

/* The group and the home, behind the user's number; neither where the line ends before. */
static void read_rest(const char *field, struct account *account)
{
    char *end;
    unsigned long group = strtoul(field, &end, 10);
    if (!isdigit((unsigned char)*field) || *end != ':' || group >= UINT_MAX)
        return;
    account->group = (gid_t)group;
    account->has_group = true;
    const char *home = end + 1 + strcspn(end + 1, ":\n");
    home += *home == ':';
    size_t length = strcspn(home, ":\r\n");
    while (length > 1 && home[length - 1] == '/')
        length--;
    if (length < sizeof(account->home))
        memcpy(account->home, home, length); /* what is behind it is 0 */
}

int owner_find(int database, const char *file, const char *name, struct account *account,
               struct error *error)
{
    auto_string text = NULL;
    unsigned long number;
    int code = path_read_fd(database, file, DATABASE_LIMIT, &text, NULL, error);
    if (code < 0)
        return code;
    const char *rest = find_line(text, name, &number);
    if (!rest)
        return error_set(error, ENOENT, "%s has no \"%s\"", file, name);
    *account = (struct account){.number = (unsigned)number};
    read_rest(rest, account);
    return 0;
}

static int look_up(int root, const char *file, const char *kind, const char *name,
                   struct account *account, struct error *error)
{
    auto_fd fd = path_open_in_root(root, file, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return error_set(error, -fd,
                         "the %s \"%s\" cannot be looked up in the new root's %s: %s; declare a "
                         "number instead",
                         kind, name, file, strerror(-fd));
    int code = owner_find(fd, file, name, account, error);
    if (code != -ENOENT)
        return code;
    return error_set(error, ENOENT,
                     "the new root's %s has no %s \"%s\"; add it to the generation, or "
                     "declare a number",
                     file, kind, name);
}

int owner_user(int root, const char *name, struct account *account, struct error *error)
{
    return look_up(root, "/etc/passwd", "user", name, account, error);
}

int owner_group(int root, const char *name, struct account *account, struct error *error)
{
    return look_up(root, "/etc/group", "group", name, account, error);
}
