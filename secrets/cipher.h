/* One value as SOPS encrypts it: "ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]". */
#ifndef EBB_SECRETS_CIPHER_H
#define EBB_SECRETS_CIPHER_H

#include <stdbool.h>

#include "secrets/secret.h"

enum { CIPHER_KEY = 32 };

/* Whether it has the form of one. */
bool cipher_is(const char *text, size_t length);

/* Returns 0; -EINVAL: it is no such value, or of a type that nobody knows; -EBADMSG: the key, the
 * value or the `path` that it was encrypted for is another one. The key has CIPHER_KEY bytes. */
int cipher_open(const unsigned char *key, const char *text, size_t length, const char *path,
                struct secret *plain);

#endif
