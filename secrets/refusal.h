/* Why none of our identities opens an age file, and what its owner can do about it. */
#ifndef EBB_SECRETS_REFUSAL_H
#define EBB_SECRETS_REFUSAL_H

#include "secrets/fault.h"
#include "secrets/header.h"

/* `code` is what stanza_open failed with, a positive errno. */
int refusal_explain(int code, const struct identities *identities, const struct header *header,
                    const char *name, enum fault *fault, struct error *error);

#endif
