/* A target of make fuzz is a file beside this one, which defines LLVMFuzzerTestOneInput. It begins
 * with the files of secrets/testdata, and keeps what it finds in build/fuzz. */
#ifndef EBB_SECRETS_FUZZ_FUZZ_H
#define EBB_SECRETS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold of every input. */
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#endif
