#include "image/links.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* the kernel's own limit */

static void drop_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
}

/* Replaces the last part of `done` by where it points: `target` comes before what is left. */
static int turn(const char *path, const char *target, const char *rest, char *done,
                char left[PATH_MAX], struct error *error)
{
    char next[PATH_MAX];
    if (snprintf(next, sizeof(next), "%s/%s", target, rest) >= (int)sizeof(next))
        return error_system(error, ENAMETOOLONG, "cannot follow the links of \"%s\"", path);
    strcpy(left, next);
    if (target[0] == '/')
        done[0] = '\0';
    else
        drop_last(done);
    return 0;
}

int links_resolve(const char *path, links_lookup *lookup, void *context, char resolved[PATH_MAX],
                  struct error *error)
{
    char left[PATH_MAX], target[PATH_MAX], done[PATH_MAX] = "";
    if (strlen(path) >= sizeof(left))
        return error_system(error, ENAMETOOLONG, "cannot follow the links of \"%.100s...\"", path);
    strcpy(left, path);
    int links = 0;
    for (char *at = left; *at;) {
        size_t length = strcspn(at, "/");
        char *part = at;
        at += length + (at[length] == '/');
        if (length == 0 || (length == 1 && part[0] == '.'))
            continue;
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            drop_last(done);
            continue;
        }
        size_t used = strlen(done);
        if (used + 1 + length >= sizeof(done))
            return error_system(error, ENAMETOOLONG, "cannot follow the links of \"%s\"", path);
        done[used] = '/';
        memcpy(done + used + 1, part, length);
        done[used + 1 + length] = '\0';
        int found = lookup ? lookup(context, done, target, error) : 0;
        if (found < 0)
            return found;
        if (found == 0)
            continue;
        if (++links > MOST_LINKS)
            return error_set(error, ELOOP, "\"%s\" leads in a circle of symbolic links", path);
        int code = turn(path, target, at, done, left, error);
        if (code < 0)
            return code;
        at = left;
    }
    strcpy(resolved, done[0] ? done : "/");
    return 0;
}

int links_on_disk(void *context, const char *path, char target[PATH_MAX], struct error *error)
{
    const int *root = context;
    ssize_t length = readlinkat(*root, path + 1, target, PATH_MAX);
    if (length < 0 && (errno == EINVAL || errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (length < 0)
        return error_system(error, errno, "cannot read the link \"%s\"", path);
    if (length == PATH_MAX)
        return error_system(error, ENAMETOOLONG, "cannot read the link \"%s\"", path);
    target[length] = '\0';
    return 1;
}
