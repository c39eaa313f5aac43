#include "secrets/pin.h"

#include <errno.h>
#include <string.h>

#include "base/digest.h"

int pin_check(const char *sha256, const char *name, const struct secret *text, struct error *error)
{
    char found[DIGEST_DIGITS + 1];
    if (!sha256)
        return 0;
    digest_of(text->bytes, text->length, found);
    if (strcmp(found, sha256) == 0)
        return 0;
    return error_set(error, EKEYREJECTED,
                     "\"%s\" is not the file that is declared; restore it, or declare this one: "
                     "sha256=%s",
                     name, found);
}
