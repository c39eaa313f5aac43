/* The armor, and that one text alone stands for the same bytes, which its size shows. */

#include "secrets/armor.h"
#include "secrets/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes;
    size_t count;
    if (armor_remove((const char *)data, size, &bytes, &count) == NULL) {
        HOLDS(armor_is((const char *)data, size));
        HOLDS(count * 4 / 3 < size);
        free(bytes);
    }
    return 0;
}
