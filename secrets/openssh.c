#include "secrets/openssh.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/base64.h"

static const char begin_line[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char end_line[] = "\n-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* with its NUL */

struct reader {
    const unsigned char *at, *end;
};

static bool read_number(struct reader *reader, size_t *number)
{
    if (reader->end - reader->at < 4)
        return false;
    const unsigned char *at = reader->at;
    *number = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    reader->at += 4;
    return true;
}

/* Bytes behind their number. */
static bool read_string(struct reader *reader, struct reader *string)
{
    size_t length;
    if (!read_number(reader, &length) || (size_t)(reader->end - reader->at) < length)
        return false;
    *string = (struct reader){reader->at, reader->at + length};
    reader->at += length;
    return true;
}

static bool holds(const struct reader *string, const void *bytes, size_t length)
{
    return (size_t)(string->end - string->at) == length &&
           CRYPTO_memcmp(string->at, bytes, length) == 0;
}

static bool read_is(struct reader *reader, const void *bytes, size_t length)
{
    struct reader string;
    return read_string(reader, &string) && holds(&string, bytes, length);
}

bool openssh_is(const char *text, size_t length)
{
    size_t label = strlen(begin_line) - 1;
    return length >= label && memcmp(text, begin_line, label) == 0;
}

void openssh_wire(const unsigned char public[KEY_SIZE], unsigned char wire[OPENSSH_WIRE])
{
    memcpy(wire, "\0\0\0\x0bssh-ed25519\0\0\0\x20", OPENSSH_WIRE - KEY_SIZE);
    memcpy(wire + OPENSSH_WIRE - KEY_SIZE, public, KEY_SIZE);
}

void openssh_tag(const unsigned char public[KEY_SIZE], unsigned char tag[OPENSSH_TAG])
{
    unsigned char wire[OPENSSH_WIRE], hash[SHA256_DIGEST_LENGTH];
    openssh_wire(public, wire);
    SHA256(wire, sizeof(wire), hash);
    memcpy(tag, hash, OPENSSH_TAG);
}

char *openssh_recipient(const unsigned char public[KEY_SIZE])
{
    static const char type[] = "ssh-ed25519 ";
    unsigned char wire[OPENSSH_WIRE];
    char *text = malloc(sizeof(type) + (size_t)(OPENSSH_WIRE + 2) / 3 * 4);
    if (!text)
        memory_exhausted();
    openssh_wire(public, wire);
    memcpy(text, type, sizeof(type));
    EVP_EncodeBlock((unsigned char *)text + strlen(type), wire, OPENSSH_WIRE);
    return text;
}

/* The part that a passphrase would encrypt: the key, and bytes that show whether it was right. */
static const char *parse_private(struct reader *reader, const struct reader *announced,
                                 struct key *seed, unsigned char public[KEY_SIZE])
{
    static const char damaged[] = "is damaged";
    struct reader point, pair, comment;
    unsigned char computed[KEY_SIZE], wire[OPENSSH_WIRE];
    size_t first, second;
    if (!read_number(reader, &first) || !read_number(reader, &second) || first != second ||
        !read_is(reader, "ssh-ed25519", 11) || !read_string(reader, &point) ||
        !read_string(reader, &pair) || !read_string(reader, &comment) ||
        point.end - point.at != KEY_SIZE || pair.end - pair.at != 2L * KEY_SIZE)
        return damaged;
    for (int i = 1; reader->at < reader->end; i++)
        if (i > 8 || *reader->at++ != i)
            return damaged;
    key_ed25519_public(pair.at, computed);
    openssh_wire(computed, wire);
    if (!holds(announced, wire, sizeof(wire)) || !holds(&point, computed, KEY_SIZE) ||
        CRYPTO_memcmp(pair.at + KEY_SIZE, computed, KEY_SIZE) != 0)
        return "has a public key that is not its own";
    memcpy(seed->bytes, pair.at, KEY_SIZE);
    memcpy(public, computed, KEY_SIZE);
    return NULL;
}

static const char *parse(struct reader reader, struct key *seed, unsigned char public[KEY_SIZE])
{
    static const char damaged[] = "is damaged";
    struct reader cipher, kdf, options, announced, type, inner, private;
    size_t count;
    if ((size_t)(reader.end - reader.at) < sizeof(magic) ||
        memcmp(reader.at, magic, sizeof(magic)) != 0)
        return damaged;
    reader.at += sizeof(magic);
    if (!read_string(&reader, &cipher) || !read_string(&reader, &kdf) ||
        !read_string(&reader, &options) || !read_number(&reader, &count) ||
        !read_string(&reader, &announced))
        return damaged;
    if (!holds(&cipher, "none", 4) || !holds(&kdf, "none", 4))
        return "has a passphrase, which nobody could enter; remove it with ssh-keygen -p, or use "
               "a key of age";
    inner = announced;
    if (options.at != options.end || count != 1 || !read_string(&inner, &type))
        return damaged;
    if (!holds(&type, "ssh-ed25519", 11))
        return "is not of type ed25519, the only one of SSH that Ebb uses";
    if (!read_string(&reader, &private) || reader.at != reader.end)
        return damaged;
    return parse_private(&private, &announced, seed, public);
}

const char *openssh_parse(const char *text, size_t length, struct key *seed,
                          unsigned char public[KEY_SIZE])
{
    const char *begin = text + strlen(begin_line) - 1;
    const char *end = memmem(begin, length - strlen(begin_line) + 1, end_line, strlen(end_line));
    if (!end)
        return "is cut short";
    auto_secret joined = secret_new((size_t)(end - begin));
    auto_secret bytes = secret_new(base64_room(joined.length));
    size_t characters = 0, count;
    for (const char *at = begin; at < end; at++)
        if (*at != '\n' && *at != '\r')
            joined.bytes[characters++] = (unsigned char)*at;
    if (!base64_decode(BASE64_PADDED, (const char *)joined.bytes, characters, bytes.bytes, &count))
        return "is not base64";
    return parse((struct reader){bytes.bytes, bytes.bytes + count}, seed, public);
}
