/* Files of SOPS in INI, and metadata in a section. */

#include "secrets/fuzz/sops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return try_format(SOPS_INI, data, size);
}
