/* Files of identities: those of age, and of OpenSSH as they stand in a file. */

#include "secrets/identity.h"
#include "base/log.h"
#include "secrets/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_identities identities = {0};
    auto_secret text = secret_copy(data, size);
    struct error error = {0};
    log_set_level(LOG_LEVEL_ERROR);
    int code = identities_read(&identities, "fuzz", &text, &error);
    HOLDS(code == 0 ? identities.count > 0 : code == -error.code && identities.count == 0);
    return 0;
}
