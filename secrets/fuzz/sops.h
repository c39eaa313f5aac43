/* A text as a file of SOPS in one format. No input has a MAC that the key of zeros sealed, so that
 * none may be opened, and a sentence says why. */
#ifndef EBB_SECRETS_FUZZ_SOPS_H
#define EBB_SECRETS_FUZZ_SOPS_H

#include "secrets/fuzz/fuzz.h"

#include "secrets/cipher.h"
#include "secrets/sops_values.h"

static int try_format(enum sops_format format, const uint8_t *data, size_t size)
{
    auto_secret key = secret_new(CIPHER_KEY);
    auto_secret text = secret_copy(data, size);
    auto_sops sops = {0};
    enum fault fault = FAULT_NONE;
    struct error error = {0};
    HOLDS(sops_open_with_key(&key, "f", format, &text, &sops, &fault, &error) < 0);
    HOLDS(fault != FAULT_NONE && *error.text && !sops.leaves);
    return 0;
}

#endif
