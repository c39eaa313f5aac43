/* One value: ENC[...]. */

#include "secrets/fuzz/fuzz.h"

#include "secrets/cipher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_secret key = secret_new(CIPHER_KEY);
    auto_secret text = secret_copy(data, size);
    auto_secret plain = {0};
    HOLDS(cipher_open(key.bytes, (const char *)text.bytes, size, "a:", &plain) < 0);
    HOLDS(!plain.bytes);
    return 0;
}
