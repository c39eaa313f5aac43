/* SHA-256, as people and files write it. */
#ifndef EBB_BASE_DIGEST_H
#define EBB_BASE_DIGEST_H

#include <stddef.h>

enum { DIGEST_DIGITS = 64 };

/* In lower-case hexadecimal digits. */
void digest_of(const void *bytes, size_t length, char digits[static DIGEST_DIGITS + 1]);

#endif
