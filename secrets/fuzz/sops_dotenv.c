/* Files of SOPS in dotenv, and metadata that is flat. */

#include "secrets/fuzz/sops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return try_format(SOPS_DOTENV, data, size);
}
