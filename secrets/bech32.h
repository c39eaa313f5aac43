/* Bech32 (BIP 173) without its limit of length: how age writes keys of 32 bytes. */
#ifndef EBB_SECRETS_BECH32_H
#define EBB_SECRETS_BECH32_H

#include "secrets/key.h"

/* False: the text is not the key that `prefix` (in lower case) announces. */
bool bech32_decode(const char *prefix, const char *text, size_t length, struct key *key);
/* In lower case. For free(3). */
char *bech32_encode(const char *prefix, const unsigned char key[KEY_SIZE]);

#endif
