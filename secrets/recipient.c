#include "secrets/recipient.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/base64.h"
#include "secrets/bech32.h"
#include "secrets/openssh.h"

static const char ssh_type[] = "ssh-ed25519";

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

/* The next word of a line, which ends at `end`; empty: there is none. */
static size_t next_word(const char **at, const char *end)
{
    while (*at < end && is_blank(**at))
        ++*at;
    size_t length = 0;
    while (*at + length < end && !is_blank((*at)[length]))
        length++;
    return length;
}

static bool parse_ssh(const char *word, size_t length, struct recipient *recipient)
{
    unsigned char wire[OPENSSH_WIRE], bytes[OPENSSH_WIRE + 6];
    size_t count;
    if (length != (size_t)(OPENSSH_WIRE + 2) / 3 * 4 ||
        !base64_decode(BASE64_PADDED, word, length, bytes, &count) || count != OPENSSH_WIRE)
        return false;
    const unsigned char *point = bytes + OPENSSH_WIRE - KEY_SIZE;
    openssh_wire(point, wire);
    recipient->kind = RECIPIENT_SSH_ED25519;
    memcpy(recipient->point, point, KEY_SIZE);
    return memcmp(bytes, wire, OPENSSH_WIRE) == 0;
}

bool recipient_parse(const char *line, size_t length, struct recipient *recipient)
{
    const char *at = line, *end = line + length;
    bool key_follows = false;
    struct key key;
    if (length && *line == '#')
        return false;
    for (size_t word; (word = next_word(&at, end)) > 0; at += word) {
        if (key_follows)
            return parse_ssh(at, word, recipient);
        key_follows = word == strlen(ssh_type) && memcmp(at, ssh_type, word) == 0;
        if (bech32_decode("age", at, word, &key)) {
            recipient->kind = RECIPIENT_X25519;
            memcpy(recipient->point, key.bytes, KEY_SIZE);
            return true;
        }
    }
    return false;
}

char *recipient_text(const struct recipient *recipient)
{
    return recipient->kind == RECIPIENT_X25519 ? bech32_encode("age", recipient->point)
                                               : openssh_recipient(recipient->point);
}

bool recipient_is(const struct recipient *one, const struct recipient *other)
{
    return one->kind == other->kind && memcmp(one->point, other->point, KEY_SIZE) == 0;
}

bool recipients_have(const struct recipients *recipients, const struct recipient *recipient)
{
    for (size_t i = 0; i < recipients->count; i++)
        if (recipient_is(&recipients->items[i], recipient))
            return true;
    return false;
}

static void free_numbers(BN_CTX **numbers)
{
    BN_CTX_free(*numbers);
}

/* The point of Edwards's curve as one of Montgomery's: u = (1 + y) / (1 - y), modulo 2^255 - 19. */
bool recipient_convert(const struct recipient *ssh, struct recipient *x25519)
{
    unsigned char bytes[KEY_SIZE];
    x25519->kind = RECIPIENT_X25519;
    memcpy(bytes, ssh->point, KEY_SIZE);
    bytes[KEY_SIZE - 1] &= 0x7f; /* the sign of x, which u does not have */
    AUTO(free_numbers) BN_CTX *numbers = BN_CTX_new();
    if (!numbers)
        memory_exhausted();
    BN_CTX_start(numbers);
    BIGNUM *y = BN_CTX_get(numbers), *p = BN_CTX_get(numbers), *below = BN_CTX_get(numbers),
           *u = BN_CTX_get(numbers);
    bool ready = u && BN_lebin2bn(bytes, KEY_SIZE, y) && BN_set_bit(p, 255) && BN_sub_word(p, 19) &&
                 BN_mod_sub(below, BN_value_one(), y, p, numbers) &&
                 BN_mod_add(u, BN_value_one(), y, p, numbers);
    if (!ready)
        memory_exhausted();
    bool converted = BN_mod_inverse(below, below, p, numbers) &&
                     BN_mod_mul(u, u, below, p, numbers) &&
                     BN_bn2lebinpad(u, x25519->point, KEY_SIZE) == KEY_SIZE;
    BN_CTX_end(numbers);
    return converted;
}

static void add(struct recipients *recipients, const struct recipient *recipient)
{
    if (!recipients_have(recipients, recipient))
        *ARENA_PUSH(recipients->arena, recipients->items, recipients->count) = *recipient;
}

void recipients_add(struct recipients *recipients, const struct recipient *recipient)
{
    struct recipient converted;
    if (recipient->kind == RECIPIENT_SSH_ED25519 && recipient_convert(recipient, &converted))
        add(recipients, &converted);
    add(recipients, recipient);
}

void recipients_add_identities(struct recipients *recipients, const struct identities *identities)
{
    for (size_t i = 0; i < identities->count; i++) {
        auto_string text = identity_recipient(&identities->items[i]);
        struct recipient recipient;
        if (text && recipient_parse(text, strlen(text), &recipient))
            recipients_add(recipients, &recipient);
    }
}

bool recipients_read(struct recipients *recipients, const char *text, size_t length)
{
    const char *end = text + length;
    bool found = false;
    for (const char *at = text, *next; at < end; at = next) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        struct recipient recipient;
        next = feed ? feed + 1 : end;
        if (!recipient_parse(at, (size_t)((feed ? feed : end) - at), &recipient))
            continue;
        recipients_add(recipients, &recipient);
        found = true;
    }
    return found;
}
