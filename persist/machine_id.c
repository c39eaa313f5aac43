#include "persist/machine_id.h"

#include <errno.h>
#include <fcntl.h>
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

/* 32 hexadecimal digits, not all zero, and the end of the line. */
static bool is_valid(const char *text)
{
    return strspn(text, "0123456789abcdef") == DIGITS && strcmp(text + DIGITS, "\n") == 0 &&
           strspn(text, "0") < DIGITS;
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
    if (is_valid(kept)) {
        memcpy(text, kept, DIGITS + 2);
        return 0;
    }
    /* Empty and "uninitialized" are systemd's own words for "not yet". */
    if (*kept && strcmp(kept, "uninitialized\n") != 0)
        log_warning("\"%s:%s\" is no machine id; a new one is made", entry->store->volume_name,
                    entry->source);
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
    return is_valid(text)
               ? 0
               : error_set(error, EIO, "the kernel's random UUID is none: \"%s\"", random);
}

int machine_id_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct persist_entry *entry = step->entry;
    const char *name;
    char text[DIGITS + 2];
    auto_fd store = -1, etc = -1;
    int volume = context_volume(context, entry->store->volume)->fd;
    int code = path_make_parent(volume, entry->source, &store, &name, error);
    if (code < 0)
        return code;
    code = read_kept(entry, store, name, text, error);
    if (code == -ENOENT) {
        code = make_up(text, error);
        if (code == 0)
            code = path_write(store, name, text, DIGITS + 1, 0444, error);
    }
    if (code == 0)
        code = path_make_parent(context->root.fd, entry->target, &etc, &name, error);
    return code < 0 ? code : path_write(etc, name, text, DIGITS + 1, 0444, error);
}
