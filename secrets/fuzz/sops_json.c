/* Files of SOPS in JSON, and binary ones, which are JSON. */

#include "secrets/fuzz/sops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return try_format(SOPS_JSON, data, size);
}
