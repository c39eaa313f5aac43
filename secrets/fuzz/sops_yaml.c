/* Files of SOPS in YAML: the tree, the metadata, the walk. */

#include "secrets/fuzz/sops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return try_format(SOPS_YAML, data, size);
}
