/* What the tests of secrets share: the vectors of others, which are no part of the repository. */
#ifndef EBB_SECRETS_TESTING_H
#define EBB_SECRETS_TESTING_H

#include "base/testdata/shell.h"

#include <fcntl.h>

#include "base/path.h"
#include "secrets/age.h"

/* The folder named by EBB_VECTORS, or that of whoever has ../shared; NULL: there is none, which is
 * said. For free(3). */
UNUSED static char *find_vectors(void)
{
    const char *places[] = {getenv("EBB_VECTORS"), "../shared/data/secrets",
                            "../../shared/data/secrets"};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        if (places[i] && access(places[i], R_OK) == 0)
            return strdup(places[i]);
    print_message("SKIP: ../shared/data/secrets is not there, and EBB_VECTORS names no folder\n");
    return NULL;
}

/* Fails the test if it cannot be read. */
__attribute__((format(printf, 1, 2))) UNUSED static struct secret file_of(const char *format, ...)
{
    char path[4096], *text;
    struct error error;
    size_t length;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    if (path_read(AT_FDCWD, path, SIZE_MAX, &text, &length, &error) < 0)
        fail_msg("%s", error.text);
    return (struct secret){(unsigned char *)text, length};
}

UNUSED static void add_identities(struct identities *identities, const char *path)
{
    struct error error;
    auto_secret text = file_of("%s", path);
    if (identities_read(identities, path, &text, &error) < 0)
        fail_msg("%s", error.text);
}

UNUSED static void add_passphrase(struct identities *identities, const char *passphrase)
{
    auto_secret secret = secret_copy(passphrase, strlen(passphrase));
    identities_add_passphrase(identities, &secret);
}

#endif
