/* Private keys that files may be encrypted to: age's own, and OpenSSH's ed25519 in both roles, the
 * native one and the X25519 key that ssh-to-age makes of it. */
#ifndef EBB_SECRETS_IDENTITY_H
#define EBB_SECRETS_IDENTITY_H

#include "base/error.h"
#include "secrets/key.h"

enum identity_kind { IDENTITY_X25519, IDENTITY_SSH_ED25519, IDENTITY_PASSPHRASE };

struct identity {
    enum identity_kind kind;
    struct secret secret;            /* the scalar on curve25519 of the first two; the passphrase */
    unsigned char x25519[KEY_SIZE];  /* the point that belongs to it */
    unsigned char ed25519[KEY_SIZE]; /* the public key of ssh-ed25519 */
};

struct identities {
    struct identity *items;
    size_t count;
};

/* Appends what a file holds: age identities, one a line, or one OpenSSH private key, which becomes
 * two identities. `name` is for messages, which never quote the file. Lines that are something else
 * are skipped with a warning. -ENOKEY: the file is one of age itself, as of a passphrase; decrypt
 * it, and read the result. */
int identities_read(struct identities *identities, const char *name, const struct secret *text,
                    struct error *error);
/* Appends a passphrase, for stanzas of scrypt. */
void identities_add_passphrase(struct identities *identities, const struct secret *passphrase);
void identities_free(struct identities *identities);
#define auto_identities AUTO(identities_free) struct identities

/* "age1…" or "ssh-ed25519 …", the recipient that the identity has. For free(3); NULL for a
 * passphrase. */
char *identity_recipient(const struct identity *identity);

#endif
