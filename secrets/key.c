#include "secrets/key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

/* libcrypto fails in these only for want of memory, unless a caller says otherwise. */
static void must(bool worked)
{
    if (!worked)
        memory_exhausted();
}

void key_wipe(struct key *key)
{
    explicit_bzero(key, sizeof(*key));
}

void key_authenticate(const struct key *key, const void *text, size_t length,
                      unsigned char mac[KEY_SIZE])
{
    must(HMAC(EVP_sha256(), key->bytes, KEY_SIZE, text, length, mac, NULL));
}

void key_derive(const void *secret, size_t secret_length, const void *salt, size_t salt_length,
                const char *info, struct key *key)
{
    auto_key extracted, from_salt = {{0}};
    unsigned char block[128];
    size_t length = strlen(info);
    must(length < sizeof(block));
    memcpy(block, info, length + 1);
    block[length] = 1; /* the number of the block; more than one would be longer than a key */
    must(HMAC(EVP_sha256(), salt_length ? salt : from_salt.bytes,
              salt_length ? (int)salt_length : KEY_SIZE, secret, secret_length, extracted.bytes,
              NULL));
    key_authenticate(&extracted, block, length + 1, key->bytes);
}

static void public_of(int type, const unsigned char *private, unsigned char *public)
{
    size_t length = KEY_SIZE;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, private, KEY_SIZE);
    must(key && EVP_PKEY_get_raw_public_key(key, public, &length) == 1);
    EVP_PKEY_free(key);
}

void key_x25519_public(const unsigned char scalar[KEY_SIZE], unsigned char public[KEY_SIZE])
{
    public_of(EVP_PKEY_X25519, scalar, public);
}

void key_ed25519_public(const unsigned char seed[KEY_SIZE], unsigned char public[KEY_SIZE])
{
    public_of(EVP_PKEY_ED25519, seed, public);
}

void key_ed25519_scalar(const unsigned char seed[KEY_SIZE], struct key *scalar)
{
    unsigned char hash[SHA512_DIGEST_LENGTH];
    must(SHA512(seed, KEY_SIZE, hash));
    memcpy(scalar->bytes, hash, KEY_SIZE);
    explicit_bzero(hash, sizeof(hash));
}

bool key_agree(const unsigned char scalar[KEY_SIZE], const unsigned char point[KEY_SIZE],
               struct key *shared)
{
    size_t length = KEY_SIZE;
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, KEY_SIZE);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, KEY_SIZE);
    EVP_PKEY_CTX *context = mine && theirs ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    must(context && EVP_PKEY_derive_init(context) == 1);
    bool agreed = EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
                  EVP_PKEY_derive(context, shared->bytes, &length) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return agreed;
}

bool key_open(const struct key *key, const unsigned char nonce[NONCE_SIZE],
              const unsigned char *sealed, size_t length, unsigned char *plain)
{
    if (length < SEAL_SIZE)
        return false;
    size_t rest = length - SEAL_SIZE;
    unsigned char seal[SEAL_SIZE];
    int written = 0;
    memcpy(seal, sealed + rest, SEAL_SIZE);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    must(context &&
         EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), NULL, key->bytes, nonce) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_SIZE, seal) == 1);
    bool opened = !rest || EVP_DecryptUpdate(context, plain, &written, sealed, (int)rest) == 1;
    opened = opened && EVP_DecryptFinal_ex(context, plain + written, &written) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!opened)
        explicit_bzero(plain, rest);
    return opened;
}

bool key_stretch(const struct secret *passphrase, const void *salt, size_t salt_length,
                 unsigned work, struct key *key)
{
    uint64_t n = (uint64_t)1 << work, memory = (n + 1024) * 1024;
    return EVP_PBE_scrypt((const char *)passphrase->bytes, passphrase->length, salt, salt_length, n,
                          8, 1, memory, key->bytes, KEY_SIZE) == 1;
}
