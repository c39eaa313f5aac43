/* A secret that was split into shares, of which some must come together. */
#ifndef EBB_SECRETS_SHAMIR_H
#define EBB_SECRETS_SHAMIR_H

#include <stdbool.h>

#include "secrets/secret.h"

/* The last byte of a share says which it is. False: they are no shares of one secret. */
bool shamir_combine(const struct secret *shares, size_t count, struct secret *whole);

#endif
