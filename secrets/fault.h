/* Why a file or a secret is not there, as a machine reads it; the sentence is a struct error's.
 * Named in /run/secrets.d/.status.json, and what is declared about failures goes by it. */
#ifndef EBB_SECRETS_FAULT_H
#define EBB_SECRETS_FAULT_H

enum fault {
    FAULT_NONE,
    FAULT_MISSING,     /* no such file, key or item */
    FAULT_NO_MATCH,    /* none of our identities is among the recipients */
    FAULT_UNSUPPORTED, /* only recipients that we cannot be: plugins, post-quantum, PGP … */
    FAULT_CORRUPT,     /* it cannot be read as what it should be: header, armor, syntax */
    FAULT_TAMPERED,    /* it was changed by somebody without the key: HMAC, MAC, pin */
    FAULT_REFUSED,     /* the format allows it and we do not: duplicates, empty, not encrypted */
    FAULT_NO_ROOM,     /* it could not be written */
};

extern const char *const fault_names[];

#endif
