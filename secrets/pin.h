/* The SHA-256 that a declaration pins a file to: what the formats do not protect, such as an older
 * file or another one for the same key, cannot take its place then. */
#ifndef EBB_SECRETS_PIN_H
#define EBB_SECRETS_PIN_H

#include "base/error.h"
#include "secrets/secret.h"

/* -EKEYREJECTED: it is another file. `sha256` is such a pin, NULL for none.
 */
int pin_check(const char *sha256, const char *name, const struct secret *text, struct error *error);

#endif
