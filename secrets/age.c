#include "secrets/age.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/armor.h"
#include "secrets/header.h"
#include "secrets/refusal.h"

enum { CHUNK = 64 << 10, SEALED_CHUNK = CHUNK + SEAL_SIZE, SALT_SIZE = 16 };

bool age_is_file(const void *file, size_t length)
{
    return header_is(file, length) || armor_is(file, length);
}

/* The first identity that opens a stanza wins. */
static int find_file_key(const struct identities *identities, const struct header *header,
                         struct key *file_key)
{
    for (size_t i = 0; i < identities->count; i++)
        for (size_t j = 0; j < header->count; j++) {
            int code = stanza_open(&header->stanzas[j], &identities->items[i], file_key);
            if (code != -ENOENT)
                return code;
        }
    return -ENOENT;
}

static int check_mac(const char *name, const void *file, const struct header *header,
                     const struct key *file_key, enum fault *fault, struct error *error)
{
    auto_key key;
    unsigned char mac[KEY_SIZE];
    key_derive(file_key->bytes, FILE_KEY_SIZE, NULL, 0, "header", &key);
    key_authenticate(&key, file, header->authenticated, mac);
    if (CRYPTO_memcmp(mac, header->mac, sizeof(mac)) == 0)
        return 0;
    *fault = FAULT_TAMPERED;
    return error_set(error, EKEYREJECTED,
                     "the MAC of \"%s\" is not that of its header: it was changed after it was "
                     "encrypted; encrypt it again",
                     name);
}

enum chunk { CHUNK_WRONG, CHUNK_MIDDLE, CHUNK_FINAL };

/* A short chunk can only be the last one; of a full one, only trying tells. */
static enum chunk open_chunk(const struct key *key, size_t number, const unsigned char *sealed,
                             size_t length, unsigned char *plain)
{
    unsigned char nonce[NONCE_SIZE] = {0};
    for (size_t i = 0; i < sizeof(number); i++)
        nonce[NONCE_SIZE - 2 - i] = (unsigned char)(number >> 8 * i);
    if (length == SEALED_CHUNK && key_open(key, nonce, sealed, length, plain))
        return CHUNK_MIDDLE;
    nonce[NONCE_SIZE - 1] = 1;
    return key_open(key, nonce, sealed, length, plain) ? CHUNK_FINAL : CHUNK_WRONG;
}

/* Returns NULL, or what is wrong. */
static const char *open_chunks(const struct key *key, const unsigned char *sealed, size_t length,
                               unsigned char *plain, enum fault *fault)
{
    *fault = FAULT_TAMPERED;
    for (size_t number = 0, done = 0; done < length; number++) {
        size_t size = length - done < SEALED_CHUNK ? length - done : SEALED_CHUNK;
        if (number && size == SEAL_SIZE)
            return "its last part is empty";
        switch (open_chunk(key, number, sealed + done, size, plain + number * CHUNK)) {
        case CHUNK_WRONG:
            return "it was changed after it was encrypted, or cut short";
        case CHUNK_FINAL:
            return done + size == length ? NULL : "something stands behind its end";
        case CHUNK_MIDDLE:
            done += size;
        }
    }
    *fault = FAULT_CORRUPT;
    return "it is cut short";
}

static int open_payload(const char *name, const struct key *file_key, const unsigned char *payload,
                        size_t length, struct secret *plain, enum fault *fault, struct error *error)
{
    auto_key key;
    const char *objection = "it is cut short";
    *fault = FAULT_CORRUPT;
    key_derive(file_key->bytes, FILE_KEY_SIZE, payload, SALT_SIZE, "payload", &key);
    payload += SALT_SIZE;
    length -= SALT_SIZE;
    /* Each chunk has its whole seal, or there would be less room than the chunks before fill. */
    size_t chunks = (length + SEALED_CHUNK - 1) / SEALED_CHUNK, short_one = length % SEALED_CHUNK;
    bool sealed = length && (!short_one || short_one >= SEAL_SIZE);
    auto_secret opened = secret_new(sealed ? length - chunks * SEAL_SIZE : 0);
    if (sealed)
        objection = open_chunks(&key, payload, length, opened.bytes, fault);
    if (objection)
        return error_set(error, EBADMSG,
                         "the payload of \"%s\" is damaged: %s; restore it, or encrypt it again",
                         name, objection);
    *plain = secret_take(&opened);
    *fault = FAULT_NONE;
    return 0;
}

static int decrypt(const struct identities *identities, const char *name, const unsigned char *file,
                   size_t length, struct secret *plain, enum fault *fault, struct error *error)
{
    auto_header header = {0};
    auto_key file_key;
    const char *objection = header_parse(file, length, &header);
    if (!objection && length - header.length < SALT_SIZE)
        objection = "the file is cut short behind it";
    if (objection) {
        *fault = FAULT_CORRUPT;
        return error_set(error, EBADMSG,
                         "the header of \"%s\" is damaged: %s; restore it, or encrypt it again",
                         name, objection);
    }
    int code = find_file_key(identities, &header, &file_key);
    if (code)
        return refusal_explain(-code, identities, &header, name, fault, error);
    code = check_mac(name, file, &header, &file_key, fault, error);
    return code ? code
                : open_payload(name, &file_key, file + header.length, length - header.length, plain,
                               fault, error);
}

int age_decrypt(const struct identities *identities, const char *name, const void *file,
                size_t length, struct secret *plain, enum fault *fault, struct error *error)
{
    if (length > AGE_LARGEST) {
        *fault = FAULT_REFUSED;
        return error_set(error, EFBIG, "\"%s\" is larger than %d MiB, the most Ebb decrypts", name,
                         AGE_LARGEST >> 20);
    }
    if (!age_is_file(file, length)) {
        *fault = FAULT_CORRUPT;
        return error_set(error, EBADMSG,
                         "\"%s\" is no age file: it begins with neither a header nor an armor",
                         name);
    }
    if (!armor_is(file, length))
        return decrypt(identities, name, file, length, plain, fault, error);
    unsigned char *bytes;
    size_t count;
    const char *objection = armor_remove(file, length, &bytes, &count);
    if (objection) {
        *fault = FAULT_CORRUPT;
        return error_set(error, EBADMSG,
                         "the armor of \"%s\" is damaged: %s; restore it, or encrypt it again",
                         name, objection);
    }
    int code = decrypt(identities, name, bytes, count, plain, fault, error);
    free(bytes);
    return code;
}
