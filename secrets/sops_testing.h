/* Files of SOPS that tests read, and a way to open a text with the data key that is known of it. */
#ifndef EBB_SECRETS_SOPS_TESTING_H
#define EBB_SECRETS_SOPS_TESTING_H

#include "secrets/testing.h"

#include "secrets/cipher.h"
#include "secrets/sops_values.h"

#define OURS "secrets/testdata/sops"

UNUSED static struct secret from_hex(const char *hex)
{
    struct secret key = secret_new(CIPHER_KEY);
    for (size_t i = 0; i < CIPHER_KEY; i++)
        assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &key.bytes[i]), 1);
    return key;
}

/* The bytes are where nothing follows them, so that a sanitizer sees whoever reads on. */
UNUSED static int open_text(const struct secret *key, const char *name, enum sops_format format,
                            const char *text, size_t length, struct sops *sops, enum fault *fault,
                            struct error *error)
{
    auto_secret copy = secret_copy(text, length);
    *sops = (struct sops){0};
    *fault = FAULT_NONE;
    *error = (struct error){0};
    int code = sops_open_with_key(key, name, format, &copy, sops, fault, error);
    assert_int_equal(code, -error->code);
    assert_int_equal(code == 0, *fault == FAULT_NONE);
    if (code < 0)
        assert_true(sops->count == 0 && !sops->leaves && !sops->arena);
    return code;
}

/* One of ours, and the data key beside it. */
UNUSED static struct secret read_ours(const char *name, struct secret *key)
{
    auto_secret hex = file_of("%s/%s.key", OURS, name);
    *key = from_hex((const char *)hex.bytes);
    return file_of("%s/%s", OURS, name);
}

#endif
