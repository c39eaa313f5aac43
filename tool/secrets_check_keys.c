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

/* -errno: it is no key that can be read here. */
static int add_private(struct checking *checking, const struct place *key, int fd,
                       struct declared_keys *keys, struct error *error)
{
    const char *name = place_text(checking->arena, key);
    char *bytes;
    size_t length;
    if (!is_private(fd))
        report_error(checking->report, key->origin,
                     "the key \"%s\" is not used, because it is not a file of root's alone: chown "
                     "root, chmod 0600",
                     name);
    int code = path_read_fd(fd, name, LARGEST_KEYS, &bytes, &length, error);
    if (code < 0)
        return code;
    auto_secret text = {(unsigned char *)bytes, length};
    auto_identities identities = {0};
    code = identities_read(&identities, name, &text, error);
    if (code < 0)
        return code;
    recipients_add_identities(&keys->recipients, &identities);
    *ARENA_PUSH(checking->arena, keys->files, keys->count) =
        (struct worker_file){name, fcntl(fd, F_DUPFD_CLOEXEC, 0), NULL};
    return 0;
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

/* Whether a boot goes on from there: the key may not be read here, asks for its passphrase, or is
 * made. */
static bool is_expected(const struct secrets_key *key, int code)
{
    return code == -EACCES || code == -ENOKEY || (code == -ENOENT && key->generate);
}

/* What lies beside a key tells enough, if it cannot be read itself. */
static void add_key(struct checking *checking, const struct secrets_key *key,
                    struct declared_keys *keys)
{
    struct error error;
    const struct place *place = &key->place;
    if (places_volume(checking->context, place->volume, &error) < 0)
        return; /* its file lies there too, or nothing can be told of it */
    auto_fd fd = places_open(checking->context, place, O_RDONLY, &error);
    int code = fd < 0 ? fd : add_private(checking, place, fd, keys, &error);
    if (code < 0 && !add_public(checking, place, keys) && !is_expected(key, code))
        report_warning(checking->report, place->origin, "%s", error.text);
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
        close(keys->files[i].fd);
}
