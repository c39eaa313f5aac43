/* The parts of an age header, one for each recipient, in which the key of the file is sealed. */
#ifndef EBB_SECRETS_STANZA_H
#define EBB_SECRETS_STANZA_H

#include "secrets/identity.h"

enum { FILE_KEY_SIZE = 16 };

enum stanza_kind {
    STANZA_UNKNOWN, /* of plugins, and what is written to keep readers tolerant */
    STANZA_X25519,
    STANZA_SCRYPT,
    STANZA_SSH_ED25519,
    STANZA_POST_QUANTUM, /* this and all below: known by name alone */
    STANZA_SSH_RSA,
    STANZA_HARDWARE,
};

struct stanza {
    enum stanza_kind kind;
    unsigned char tag[4];                            /* of ssh-ed25519: which key it is for */
    unsigned char share[KEY_SIZE];                   /* the sender's point; the salt of scrypt */
    unsigned char sealed[FILE_KEY_SIZE + SEAL_SIZE]; /* the file key */
    unsigned work;                                   /* of scrypt: log2 of N */
};

struct argument {
    const char *text;
    size_t length;
};
enum { STANZA_ARGUMENTS = 3 }; /* that are looked at, the type among them */

/* `count` arguments, of which the first three are there; likewise of the body its first bytes.
 * Returns NULL, or what is wrong. */
const char *stanza_parse(const struct argument *arguments, size_t count, const unsigned char *body,
                         size_t length, struct stanza *stanza);
/* Unseals the file key. -ENOENT: it is not for this identity; -EBADMSG: the share is none;
 * -EKEYREJECTED: it is for it, and was changed; -E2BIG: too much work, refused; -ENOMEM. */
int stanza_open(const struct stanza *stanza, const struct identity *identity, struct key *file_key);

#endif
