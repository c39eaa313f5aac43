/* What a measurement cannot do ends it. */
#ifndef EBB_QEMU_TESTS_BENCH_MUST_H
#define EBB_QEMU_TESTS_BENCH_MUST_H

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

static void must(int code, const struct error *error)
{
    if (code >= 0)
        return;
    fprintf(stderr, "bench: %s\n", error->text);
    exit(1);
}

#endif
