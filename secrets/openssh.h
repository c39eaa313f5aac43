/* Private keys as ssh-keygen writes them: ed25519, without a passphrase. */
#ifndef EBB_SECRETS_OPENSSH_H
#define EBB_SECRETS_OPENSSH_H

#include "secrets/key.h"

enum { OPENSSH_WIRE = 4 + 11 + 4 + KEY_SIZE, OPENSSH_TAG = 4 };

bool openssh_is(const char *text, size_t length);
/* The seed, and the public key, which stands in three places and is the seed's in all of them.
 * Returns NULL, or what is wrong, as in "the key … ". */
const char *openssh_parse(const char *text, size_t length, struct key *seed,
                          unsigned char public[KEY_SIZE]);
/* The public key as SSH sends it. */
void openssh_wire(const unsigned char public[KEY_SIZE], unsigned char wire[OPENSSH_WIRE]);
/* By which age tells for whom a stanza is. */
void openssh_tag(const unsigned char public[KEY_SIZE], unsigned char tag[OPENSSH_TAG]);
/* "ssh-ed25519 AAAA…", for free(3). */
char *openssh_recipient(const unsigned char public[KEY_SIZE]);

#endif
