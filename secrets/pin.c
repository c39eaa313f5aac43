#include "secrets/pin.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { SHA256 = 32 };

int pin_check(const char *sha256, const char *name, const struct secret *text, struct error *error)
{
    unsigned char digest[SHA256];
    char found[2 * SHA256 + 1];
    if (!sha256)
        return 0;
    if (EVP_Digest(text->bytes, text->length, digest, NULL, EVP_sha256(), NULL) != 1)
        memory_exhausted();
    for (size_t i = 0; i < SHA256; i++)
        snprintf(found + 2 * i, 3, "%02x", digest[i]);
    if (strcmp(found, sha256) == 0)
        return 0;
    return error_set(error, EKEYREJECTED,
                     "\"%s\" is not the file that is declared; restore it, or declare this one: "
                     "sha256=%s",
                     name, found);
}
