#include "secrets/stanza.h"

#include <errno.h>
#include <string.h>

#include "secrets/age.h"
#include "secrets/base64.h"
#include "secrets/openssh.h"

enum { SALT_SIZE = 16 };

static bool is(const struct argument *argument, const char *text)
{
    return argument->length == strlen(text) && memcmp(argument->text, text, argument->length) == 0;
}

static bool begins(const struct argument *argument, const char *text)
{
    return argument->length >= strlen(text) && memcmp(argument->text, text, strlen(text)) == 0;
}

/* "yubikey" and its kin: the recipient is bound to a device. */
static enum stanza_kind kind_of(const struct argument *type)
{
    if (is(type, "X25519"))
        return STANZA_X25519;
    if (is(type, "scrypt"))
        return STANZA_SCRYPT;
    if (is(type, "ssh-ed25519"))
        return STANZA_SSH_ED25519;
    if (is(type, "ssh-rsa"))
        return STANZA_SSH_RSA;
    if (begins(type, "mlkem768"))
        return STANZA_POST_QUANTUM;
    if (is(type, "p256tag") || begins(type, "piv-") || begins(type, "tpm-") ||
        begins(type, "fido2"))
        return STANZA_HARDWARE;
    return STANZA_UNKNOWN;
}

static bool decode(const struct argument *argument, unsigned char *bytes, size_t size)
{
    unsigned char decoded[KEY_SIZE + 3];
    size_t count;
    if (base64_room(argument->length) > base64_room((KEY_SIZE * 8 + 5) / 6) ||
        !base64_decode(BASE64_BARE, argument->text, argument->length, decoded, &count) ||
        count != size)
        return false;
    memcpy(bytes, decoded, size);
    return true;
}

/* A number without signs, zeros in front, or more digits than any has that could be meant. */
static bool parse_work(const struct argument *argument, unsigned *work)
{
    *work = 0;
    if (argument->length > 2 || argument->text[0] == '0')
        return false;
    for (size_t i = 0; i < argument->length; i++) {
        if (argument->text[i] < '0' || argument->text[i] > '9')
            return false;
        *work = *work * 10 + (unsigned)(argument->text[i] - '0');
    }
    return true;
}

static const char *parse_arguments(const struct argument *arguments, size_t count,
                                   struct stanza *stanza)
{
    switch (stanza->kind) {
    case STANZA_X25519:
        return count == 2 && decode(&arguments[1], stanza->share, KEY_SIZE)
                   ? NULL
                   : "a recipient \"X25519\" without a point";
    case STANZA_SSH_ED25519:
        return count == 3 && decode(&arguments[1], stanza->tag, sizeof(stanza->tag)) &&
                       decode(&arguments[2], stanza->share, KEY_SIZE)
                   ? NULL
                   : "a recipient \"ssh-ed25519\" without a tag and a point";
    case STANZA_SCRYPT:
        return count == 3 && decode(&arguments[1], stanza->share, SALT_SIZE) &&
                       parse_work(&arguments[2], &stanza->work)
                   ? NULL
                   : "a passphrase without a salt and its work";
    case STANZA_UNKNOWN:
    case STANZA_POST_QUANTUM:
    case STANZA_SSH_RSA:
    case STANZA_HARDWARE:
        break;
    }
    return NULL;
}

const char *stanza_parse(const struct argument *arguments, size_t count, const unsigned char *body,
                         size_t length, struct stanza *stanza)
{
    *stanza = (struct stanza){.kind = kind_of(&arguments[0])};
    const char *objection = parse_arguments(arguments, count, stanza);
    bool ours = stanza->kind == STANZA_X25519 || stanza->kind == STANZA_SCRYPT ||
                stanza->kind == STANZA_SSH_ED25519;
    if (objection || !ours)
        return objection;
    /* Before anything is unsealed: a key of another length could open for two readers. */
    if (length != sizeof(stanza->sealed))
        return "a file key that is not 16 bytes";
    memcpy(stanza->sealed, body, length);
    return NULL;
}

static bool unseal(const struct stanza *stanza, const struct key *wrapping, struct key *file_key)
{
    static const unsigned char nonce[NONCE_SIZE]; /* zero: each wrapping key seals once */
    return key_open(wrapping, nonce, stanza->sealed, sizeof(stanza->sealed), file_key->bytes);
}

static void derive(const struct stanza *stanza, const struct identity *identity,
                   const struct key *shared, const char *label, struct key *wrapping)
{
    unsigned char points[2 * KEY_SIZE];
    memcpy(points, stanza->share, KEY_SIZE);
    memcpy(points + KEY_SIZE, identity->x25519, KEY_SIZE);
    key_derive(shared->bytes, KEY_SIZE, points, sizeof(points), label, wrapping);
}

static int open_x25519(const struct stanza *stanza, const struct identity *identity,
                       struct key *file_key)
{
    auto_key shared, wrapping;
    if (!key_agree(identity->secret.bytes, stanza->share, &shared))
        return -EBADMSG;
    derive(stanza, identity, &shared, "age-encryption.org/v1/X25519", &wrapping);
    return unseal(stanza, &wrapping, file_key) ? 0 : -ENOENT;
}

/* The point of an SSH key is shared by all its files, so it is tweaked by its own wire format. */
static int open_ssh(const struct stanza *stanza, const struct identity *identity,
                    struct key *file_key)
{
    static const char label[] = "age-encryption.org/v1/ssh-ed25519";
    unsigned char wire[OPENSSH_WIRE], tag[OPENSSH_TAG];
    auto_key shared, tweak, tweaked, wrapping;
    openssh_tag(identity->ed25519, tag);
    if (memcmp(tag, stanza->tag, sizeof(stanza->tag)) != 0)
        return -ENOENT;
    openssh_wire(identity->ed25519, wire);
    if (!key_agree(identity->secret.bytes, stanza->share, &shared))
        return -EBADMSG;
    key_derive("", 0, wire, sizeof(wire), label, &tweak);
    if (!key_agree(tweak.bytes, shared.bytes, &tweaked))
        return -EBADMSG;
    derive(stanza, identity, &tweaked, label, &wrapping);
    return unseal(stanza, &wrapping, file_key) ? 0 : -EKEYREJECTED;
}

static int open_scrypt(const struct stanza *stanza, const struct identity *identity,
                       struct key *file_key)
{
    static const char label[] = "age-encryption.org/v1/scrypt";
    unsigned char salt[sizeof(label) - 1 + SALT_SIZE];
    auto_key wrapping;
    if (stanza->work > AGE_HARDEST_PASSPHRASE)
        return -E2BIG;
    memcpy(salt, label, sizeof(label) - 1);
    memcpy(salt + sizeof(label) - 1, stanza->share, SALT_SIZE);
    if (!key_stretch(&identity->secret, salt, sizeof(salt), stanza->work, &wrapping))
        return -ENOMEM;
    return unseal(stanza, &wrapping, file_key) ? 0 : -ENOENT;
}

int stanza_open(const struct stanza *stanza, const struct identity *identity, struct key *file_key)
{
    if (stanza->kind == STANZA_X25519 && identity->kind == IDENTITY_X25519)
        return open_x25519(stanza, identity, file_key);
    if (stanza->kind == STANZA_SSH_ED25519 && identity->kind == IDENTITY_SSH_ED25519)
        return open_ssh(stanza, identity, file_key);
    if (stanza->kind == STANZA_SCRYPT && identity->kind == IDENTITY_PASSPHRASE)
        return open_scrypt(stanza, identity, file_key);
    return -ENOENT;
}
