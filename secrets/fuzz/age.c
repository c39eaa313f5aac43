/* Files of age, for whoever has an SSH key; and headers alone. */

#include "secrets/age.h"
#include "secrets/fuzz/fuzz.h"
#include "secrets/header.h"

#include <string.h>

/* Of a seed of zeros: what is fuzzed is not what opens the file, but what is read on the way. */
static void add(struct identities *identities, enum identity_kind kind)
{
    unsigned char seed[KEY_SIZE] = {0};
    auto_key scalar;
    struct identity identity = {.kind = kind};
    key_ed25519_scalar(seed, &scalar);
    key_ed25519_public(seed, identity.ed25519);
    key_x25519_public(scalar.bytes, identity.x25519);
    identity.secret = secret_copy(scalar.bytes, KEY_SIZE);
    identities->items[identities->count++] = identity;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct identity items[2];
    static struct identities identities = {items, 0};
    auto_secret plain = {0};
    auto_header header = {0};
    enum fault fault = FAULT_NONE;
    struct error error = {0};
    if (!identities.count) {
        add(&identities, IDENTITY_X25519);
        add(&identities, IDENTITY_SSH_ED25519);
    }
    int code = age_decrypt(&identities, "fuzz", data, size, &plain, &fault, &error);
    HOLDS(code == 0 || (code == -error.code && fault != FAULT_NONE && !plain.bytes));
    if (header_parse(data, size, &header) == NULL)
        HOLDS(header.count && header.authenticated < header.length && header.length <= size);
    return 0;
}
