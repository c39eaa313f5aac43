#include "persist/states.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/stamp.h"

void state_write_name(char name[static STATE_NAME], const struct state_moment *moment)
{
    char stamp[STAMP_SIZE];
    stamp_write(stamp, moment->time, moment->number);
    snprintf(name, STATE_NAME, "%u-%s", moment->generation, stamp);
}

bool state_read_name(const char *name, struct state_moment *moment)
{
    char again[STATE_NAME];
    char *end;
    moment->generation = (unsigned)strtoul(name, &end, 10);
    if (*end != '-' || !stamp_read(end + 1, &moment->time, &moment->number))
        return false;
    state_write_name(again, moment);
    return strcmp(again, name) == 0;
}

/* Copies `from` with one character for another. */
static void exchange(char *to, const char *from, char old, char new)
{
    for (; *from; from++)
        *to++ = *from == old ? new : *from;
    *to = '\0';
}

bool state_entry(const char *path, char entry[static NAME_MAX + 1])
{
    if (strlen(path) > NAME_MAX || strchr(path, '%'))
        return false;
    exchange(entry, path, '/', '%');
    return true;
}

bool state_path(const char *entry, char path[static NAME_MAX + 1])
{
    if (strlen(entry) > NAME_MAX)
        return false;
    exchange(path, entry, '%', '/');
    return path[0] && path[1] && !path_objection(path);
}

int state_read_order(int volume, const char *which, struct state_order *order, struct error *error)
{
    char path[32], rest;
    auto_string text = NULL;
    struct state_order read;
    struct state_moment moment;
    snprintf(path, sizeof(path), "/.ebb/%s", which);
    auto_fd file = path_open(volume, path, O_RDONLY | O_NONBLOCK);
    if (file < 0)
        return file == -ENOENT ? file : error_system(error, -file, "cannot open \"%s\"", path);
    int code = path_read_fd(file, path, 2 * sizeof(read), &text, NULL, error);
    if (code < 0)
        return code;
    if (sscanf(text, "%63s %63s %c", read.name, read.aside, &rest) != 2 ||
        !state_read_name(read.name, &moment) || !state_read_name(read.aside, &moment))
        return error_set(error, EINVAL,
                         "\"%s\" does not name two states; take it back with `ebb rollback`", path);
    *order = read;
    return 0;
}

static int take_back(int folder, struct error *error)
{
    if (unlinkat(folder, STATE_ORDERED, 0) < 0)
        return errno == ENOENT ? -ENOENT
                               : error_system(error, errno, "cannot remove the order in \".ebb\"");
    return fsync(folder) < 0 ? error_system(error, errno, "cannot write \".ebb\"") : 0;
}

int state_write_order(int volume, const struct state_order *order, struct error *error)
{
    char text[sizeof(*order) + 2];
    auto_fd folder = path_open(volume, "/.ebb", O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return error_system(error, -folder, "cannot open \".ebb\"");
    if (!order)
        return take_back(folder, error);
    int length = snprintf(text, sizeof(text), "%s %s\n", order->name, order->aside);
    return path_write(folder, STATE_ORDERED, text, (size_t)length, 0600, error);
}
