#include "secrets/pin.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

void pin_of(const void *bytes, size_t length, char digits[static PIN_DIGITS + 1])
{
    unsigned char digest[PIN_DIGITS / 2];
    if (EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) != 1)
        memory_exhausted();
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(digits + 2 * i, 3, "%02x", digest[i]);
}

int pin_check(const char *sha256, const char *name, const struct secret *text, struct error *error)
{
    char found[PIN_DIGITS + 1];
    if (!sha256)
        return 0;
    pin_of(text->bytes, text->length, found);
    if (strcmp(found, sha256) == 0)
        return 0;
    return error_set(error, EKEYREJECTED,
                     "\"%s\" is not the file that is declared; restore it, or declare this one: "
                     "sha256=%s",
                     name, found);
}
