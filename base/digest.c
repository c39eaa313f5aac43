#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/memory.h"

void digest_of(const void *bytes, size_t length, char digits[static DIGEST_DIGITS + 1])
{
    unsigned char digest[DIGEST_DIGITS / 2];
    if (EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) != 1)
        memory_exhausted();
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(digits + 2 * i, 3, "%02x", digest[i]);
}
