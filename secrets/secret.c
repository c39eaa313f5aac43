#include "secrets/secret.h"

#include <stdlib.h>
#include <string.h>

struct secret secret_new(size_t length)
{
    struct secret secret = {calloc(1, length + 1), length};
    if (!secret.bytes)
        memory_exhausted();
    return secret;
}

struct secret secret_copy(const void *bytes, size_t length)
{
    struct secret secret = secret_new(length);
    memcpy(secret.bytes, bytes, length);
    return secret;
}

struct secret secret_take(struct secret *secret)
{
    struct secret taken = *secret;
    *secret = (struct secret){0};
    return taken;
}

void secret_free(struct secret *secret)
{
    if (secret->bytes)
        explicit_bzero(secret->bytes, secret->length);
    free(secret->bytes);
    *secret = (struct secret){0};
}
