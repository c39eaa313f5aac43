/* age v1 files, plain or armored, decrypted. Nothing is released before the last chunk of a file
 * was seen to be right. */
#ifndef EBB_SECRETS_AGE_H
#define EBB_SECRETS_AGE_H

#include "secrets/fault.h"
#include "secrets/identity.h"

enum {
    AGE_LARGEST = 32 << 20,      /* bytes of a file */
    AGE_HARDEST_PASSPHRASE = 18, /* log2 of scrypt's work: 256 MiB, some seconds */
};

/* `name` is for messages. */
int age_decrypt(const struct identities *identities, const char *name, const void *file,
                size_t length, struct secret *plain, enum fault *fault, struct error *error);
/* Whether the bytes begin as an age file does, plain or armored. */
bool age_is_file(const void *file, size_t length);

#endif
