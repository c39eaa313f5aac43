#include "secrets/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "secrets/age.h"
#include "secrets/bech32.h"
#include "secrets/openssh.h"

#define REMEDY "; make one with age-keygen, or use an SSH key of type ed25519"

static const char key_prefix[] = "age-secret-key-";

static struct identity *add(struct identities *identities, enum identity_kind kind,
                            const void *secret, size_t length)
{
    struct identity *items =
        reallocarray(identities->items, identities->count + 1, sizeof(*identities->items));
    if (!items)
        memory_exhausted();
    identities->items = items;
    struct identity *item = &items[identities->count++];
    *item = (struct identity){.kind = kind, .secret = secret_copy(secret, length)};
    return item;
}

void identities_add_passphrase(struct identities *identities, const struct secret *passphrase)
{
    add(identities, IDENTITY_PASSPHRASE, passphrase->bytes, passphrase->length);
}

static int read_ssh(struct identities *identities, const char *name, const struct secret *text,
                    struct error *error)
{
    auto_key seed, scalar;
    unsigned char public[KEY_SIZE], point[KEY_SIZE];
    const char *objection = openssh_parse((const char *)text->bytes, text->length, &seed, public);
    if (objection)
        return error_set(error, EINVAL, "the SSH key \"%s\" %s", name, objection);
    key_ed25519_scalar(seed.bytes, &scalar);
    key_x25519_public(scalar.bytes, point);
    const enum identity_kind roles[] = {IDENTITY_SSH_ED25519, IDENTITY_X25519};
    for (size_t i = 0; i < ARRAY_LENGTH(roles); i++) {
        struct identity *item = add(identities, roles[i], scalar.bytes, KEY_SIZE);
        memcpy(item->x25519, point, KEY_SIZE);
        memcpy(item->ed25519, public, KEY_SIZE);
    }
    return 0;
}

static bool begins(const char *line, size_t length, const char *what)
{
    return length >= strlen(what) && strncasecmp(line, what, strlen(what)) == 0;
}

static const char *read_line(struct identities *identities, const char *line, size_t length)
{
    auto_key scalar;
    if (bech32_decode(key_prefix, line, length, &scalar)) {
        struct identity *item = add(identities, IDENTITY_X25519, scalar.bytes, KEY_SIZE);
        key_x25519_public(scalar.bytes, item->x25519);
        return NULL;
    }
    if (begins(line, length, "AGE-SECRET-KEY-PQ-1"))
        return "is a post-quantum key, which Ebb cannot use";
    if (begins(line, length, "AGE-SECRET-KEY-1"))
        return "is a key of age with a mistake in it";
    if (begins(line, length, "AGE-PLUGIN-"))
        return "is a key of a plugin of age, which Ebb cannot use";
    return "is no key of age";
}

/* The lines of age's own format. */
static int read_lines(struct identities *identities, const char *name, const struct secret *text,
                      struct error *error)
{
    const char *at = (const char *)text->bytes, *end = at + text->length, *reason = NULL;
    size_t before = identities->count, skipped = 0, first = 0;
    for (size_t number = 1; at < end; number++) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((feed ? feed : end) - at);
        const char *line = at;
        at = feed ? feed + 1 : end;
        if (length && line[length - 1] == '\r')
            length--;
        if (length == 0 || line[0] == '#')
            continue;
        const char *objection = read_line(identities, line, length);
        if (objection && !skipped++) {
            reason = objection;
            first = number;
        }
    }
    if (identities->count > before) {
        if (skipped)
            log_warning("ignoring %zu of the lines of \"%s\": line %zu %s", skipped, name, first,
                        reason);
        return 0;
    }
    if (!skipped)
        return error_set(error, EINVAL, "\"%s\" holds no identity" REMEDY, name);
    return error_set(error, EINVAL, "\"%s\" holds no identity: line %zu %s" REMEDY, name, first,
                     reason);
}

int identities_read(struct identities *identities, const char *name, const struct secret *text,
                    struct error *error)
{
    if (age_is_file(text->bytes, text->length))
        return error_set(error, ENOKEY,
                         "the identities in \"%s\" are encrypted themselves; its passphrase is "
                         "needed",
                         name);
    if (openssh_is((const char *)text->bytes, text->length))
        return read_ssh(identities, name, text, error);
    return read_lines(identities, name, text, error);
}

char *identity_recipient(const struct identity *identity)
{
    switch (identity->kind) {
    case IDENTITY_X25519:
        return bech32_encode("age", identity->x25519);
    case IDENTITY_SSH_ED25519:
        return openssh_recipient(identity->ed25519);
    case IDENTITY_PASSPHRASE:
        break;
    }
    return NULL;
}

void identities_free(struct identities *identities)
{
    for (size_t i = 0; i < identities->count; i++)
        secret_free(&identities->items[i].secret);
    free(identities->items);
    *identities = (struct identities){0};
}
