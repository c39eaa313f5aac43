/* Keys of 32 bytes, wiped when they go, and what age computes with them: HKDF, X25519, Ed25519,
 * ChaCha20-Poly1305 and scrypt, all by libcrypto. */
#ifndef EBB_SECRETS_KEY_H
#define EBB_SECRETS_KEY_H

#include <stdbool.h>

#include "secrets/secret.h"

enum { KEY_SIZE = 32, SEAL_SIZE = 16, NONCE_SIZE = 12 };

struct key {
    unsigned char bytes[KEY_SIZE];
};

void key_wipe(struct key *key);
#define auto_key AUTO(key_wipe) struct key

/* HKDF-SHA-256 of a secret; `salt` of length 0 is none. */
void key_derive(const void *secret, size_t secret_length, const void *salt, size_t salt_length,
                const char *info, struct key *key);
/* HMAC-SHA-256. */
void key_authenticate(const struct key *key, const void *text, size_t length,
                      unsigned char mac[KEY_SIZE]);

/* The public keys: of a scalar on curve25519, and of a seed of Ed25519. */
void key_x25519_public(const unsigned char scalar[KEY_SIZE], unsigned char public[KEY_SIZE]);
void key_ed25519_public(const unsigned char seed[KEY_SIZE], unsigned char public[KEY_SIZE]);
/* The scalar that a seed of Ed25519 stands for. */
void key_ed25519_scalar(const unsigned char seed[KEY_SIZE], struct key *scalar);
/* What the scalar and the point of somebody else have in common. False: with this point it would
 * be zero, whatever the scalar. */
bool key_agree(const unsigned char scalar[KEY_SIZE], const unsigned char point[KEY_SIZE],
               struct key *shared);

/* Opens what ChaCha20-Poly1305 sealed: `length` bytes, the last 16 of which are the seal. False:
 * it is not what was sealed, and `plain` is wiped. */
bool key_open(const struct key *key, const unsigned char nonce[NONCE_SIZE],
              const unsigned char *sealed, size_t length, unsigned char *plain);

/* The key of a passphrase, by scrypt with N = 2^work, r = 8, p = 1. False: the memory that takes,
 * 1 KiB * N, is not there. */
bool key_stretch(const struct secret *passphrase, const void *salt, size_t salt_length,
                 unsigned work, struct key *key);

#endif
