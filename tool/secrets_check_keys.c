/* The keys that are declared for a file of secrets: those that can be read tell the machine's
 * recipients, and can prove more. */
#include "tool/secrets_check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/secrets_place.h"

enum { LARGEST_KEYS = 1 << 20 };

/* As a boot takes it; on a machine where it is only prepared, it is that user's. */
static bool is_private(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_uid == 0 || status.st_uid == geteuid()) && !(status.st_mode & 077);
}

static void add_private(struct checking *checking, const struct place *key, int fd,
                        struct declared_keys *keys)
{
    const char *name = places_name(checking->arena, key);
    struct error error;
    char *bytes;
    size_t length;
    if (!is_private(fd))
        report_error(checking->report, key->origin,
                     "the key \"%s\" is not used, because it is not a file of root's alone: chown "
                     "root, chmod 0600",
                     name);
    if (path_read_fd(fd, name, LARGEST_KEYS, &bytes, &length, &error) < 0) {
        report_warning(checking->report, key->origin, "%s", error.text);
        return;
    }
    auto_secret text = {(unsigned char *)bytes, length};
    auto_identities identities = {0};
    if (identities_read(&identities, name, &text, &error) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        report_warning(checking->report, key->origin, "%s", error.text);
        return;
    }
    recipients_add_identities(&keys->recipients, &identities);
    size_t names = keys->count;
    *ARENA_PUSH(checking->arena, keys->names, names) = name;
    *ARENA_PUSH(checking->arena, keys->fds, keys->count) = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static bool add_public(struct checking *checking, const struct place *key,
                       struct declared_keys *keys)
{
    struct place public = *key;
    struct error error;
    auto_string text = NULL;
    size_t length;
    public.path = arena_printf(checking->arena, "%s.pub", key->path);
    auto_fd fd = places_open(checking->context, &public, O_RDONLY, &error);
    return fd >= 0 && path_read_fd(fd, public.path, LARGEST_KEYS, &text, &length, &error) == 0 &&
           recipients_read(&keys->recipients, text, length);
}

/* A key that may not be read is where it should be. */
static void add_key(struct checking *checking, const struct place *key, struct declared_keys *keys)
{
    struct error error;
    if (places_volume(checking->context, key->volume, &error) < 0)
        return; /* its file lies there too, or nothing can be told of it */
    auto_fd fd = places_open(checking->context, key, O_RDONLY, &error);
    if (fd >= 0)
        add_private(checking, key, fd, keys);
    else if (!add_public(checking, key, keys) && error.code != EACCES)
        report_warning(checking->report, key->origin, "%s", error.text);
}

void check_keys(struct checking *checking, const struct secrets *secrets,
                struct declared_keys *keys)
{
    *keys = (struct declared_keys){.recipients = {.arena = checking->arena}};
    for (size_t i = 0; i < secrets->key_count; i++)
        add_key(checking, secrets->keys[i], keys);
}

void check_keys_close(const struct declared_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        close(keys->fds[i]);
}
