#include "persist/machine_id.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { DIGITS = 32 };

bool machine_id_is(const struct persist_entry *entry)
{
    return entry->kind == PERSIST_FILE && strcmp(entry->target, "/etc/machine-id") == 0;
}

void machine_id_sentence(const struct step *step, FILE *stream)
{
    const struct persist_entry *entry = step->entry;
    fprintf(stream, "copy %s:%s to %s", entry->store->volume_name, entry->source, entry->target);
}

/* Reads an id as systemd does: 32 hexadecimal digits of either case, with or without an end of the
 * line, not all zero. `text` gets its usual form. */
static bool read_id(const char *written, char text[static DIGITS + 2])
{
    if (strspn(written, "0123456789abcdefABCDEF") != DIGITS || strspn(written, "0") >= DIGITS ||
        (written[DIGITS] && strcmp(written + DIGITS, "\n") != 0))
        return false;
    for (size_t i = 0; i < DIGITS; i++)
        text[i] = (char)tolower((unsigned char)written[i]);
    memcpy(text + DIGITS, "\n", 2);
    return true;
}

/* What is no id may still be somebody's: it gets another name beside the new one. */
static int set_aside(const struct persist_entry *entry, int parent, const char *name,
                     struct error *error)
{
    char other[NAME_MAX + 1];
    snprintf(other, sizeof(other), "%s.bad", name);
    if (renameat(parent, name, parent, other) < 0)
        return error_system(error, errno, "cannot rename \"%s:%s\", which is no machine id",
                            entry->store->volume_name, entry->source);
    log_warning("\"%s:%s\" is no machine id; it is kept as \"%s\", and a new one is made",
                entry->store->volume_name, entry->source, other);
    return -ENOENT;
}

/* -ENOENT: there is none that could be used. */
static int read_kept(const struct persist_entry *entry, int parent, const char *name,
                     char text[static DIGITS + 2], struct error *error)
{
    auto_string kept = NULL;
    auto_fd fd = path_open(parent, name, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd == -ENOENT)
        return -ENOENT;
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s:%s\"", entry->store->volume_name,
                            entry->source);
    int code = path_read_fd(fd, entry->source, 4096, &kept, NULL, error);
    if (code < 0)
        return code;
    if (read_id(kept, text))
        return 0;
    /* Empty and "uninitialized" are systemd's own words for "not yet". */
    if (*kept && strcmp(kept, "uninitialized\n") != 0)
        return set_aside(entry, parent, name, error);
    return -ENOENT;
}

static int make_up(char text[static DIGITS + 2], struct error *error)
{
    auto_string random = NULL;
    int code = path_read(AT_FDCWD, "/proc/sys/kernel/random/uuid", 100, &random, NULL, error);
    if (code < 0)
        return code;
    size_t length = 0;
    for (const char *at = random; *at && length < DIGITS; at++)
        if (strchr("0123456789abcdef", *at))
            text[length++] = *at;
    memcpy(text + length, "\n", 2);
    if (length == DIGITS)
        return 0;
    return error_set(error, EIO, "the kernel's random UUID is none: \"%s\"", random);
}

/* The id that is kept on the volume, made up and kept if there is none. */
static int find(const struct persist_entry *entry, const struct context *context,
                char text[static DIGITS + 2], struct error *error)
{
    const char *name;
    auto_fd store = -1;
    int volume = context_volume(context, entry->store->volume)->fd;
    int code = path_make_parent(volume, entry->source, &store, &name, error);
    if (code < 0)
        return error_prefix(error, "on the volume \"%s\"", entry->store->volume_name);
    code = read_kept(entry, store, name, text, error);
    if (code != -ENOENT)
        return code;
    code = make_up(text, error);
    if (code == 0)
        code = path_write(store, name, text, DIGITS + 1, 0444, error);
    return code < 0 ? error_prefix(error, "\"%s:%s\"", entry->store->volume_name, entry->source)
                    : 0;
}

int machine_id_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct persist_entry *entry = step->entry;
    const char *name;
    char text[DIGITS + 2];
    auto_fd etc = -1;
    int code = find(entry, context, text, error);
    if (code < 0)
        return code;
    code = path_make_parent(context->root.fd, entry->target, &etc, &name, error);
    if (code == 0)
        code = path_write(etc, name, text, DIGITS + 1, 0444, error);
    return code < 0 ? error_prefix(error, "in the new root") : 0;
}
