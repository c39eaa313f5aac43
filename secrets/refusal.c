#include "secrets/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "secrets/age.h"

enum { NAMED = 2 }; /* of our recipients in one sentence: an SSH key has two */

struct remedy {
    char text[256];
};

/* "; encrypt it to age1… as well". */
static struct remedy remedy(const struct identities *identities)
{
    struct remedy remedy = {"; and there is no key that it could be encrypted to"};
    size_t named = 0, used = 0;
    for (size_t i = 0; i < identities->count && named < NAMED; i++) {
        auto_string recipient = identity_recipient(&identities->items[i]);
        if (!recipient)
            continue;
        int written = snprintf(remedy.text + used, sizeof(remedy.text) - used, "%s%s",
                               named++ ? " or " : "; encrypt it again, also to ", recipient);
        used += (size_t)written;
    }
    return remedy;
}

static size_t count_of(const struct header *header, enum stanza_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < header->count; i++)
        count += header->stanzas[i].kind == kind;
    return count;
}

/* What all recipients are that we cannot be, the most telling first. */
static const char *describe(const struct header *header)
{
    static const struct {
        enum stanza_kind kind;
        const char *what;
    } kinds[] = {
        {STANZA_POST_QUANTUM, "a post-quantum recipient"},
        {STANZA_SSH_RSA, "an RSA key of SSH"},
        {STANZA_HARDWARE, "a key in a hardware token or TPM"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (count_of(header, kinds[i].kind))
            return kinds[i].what;
    return "a recipient of a plugin of age";
}

static int explain_no_match(const struct identities *identities, const struct header *header,
                            const char *name, enum fault *fault, struct error *error)
{
    struct remedy to = remedy(identities);
    size_t passphrases = 0;
    for (size_t i = 0; i < identities->count; i++)
        passphrases += identities->items[i].kind == IDENTITY_PASSPHRASE;
    *fault = FAULT_NO_MATCH;
    if (count_of(header, STANZA_SCRYPT))
        return passphrases ? error_set(error, ENOKEY, "the passphrase is not that of \"%s\"", name)
                           : error_set(error, ENOKEY, "\"%s\" is encrypted with a passphrase%s",
                                       name, to.text);
    if (count_of(header, STANZA_X25519) || count_of(header, STANZA_SSH_ED25519))
        return error_set(error, ENOKEY,
                         "\"%s\" is encrypted to %zu recipient%s, none of them ours%s", name,
                         header->count, header->count == 1 ? "" : "s", to.text);
    *fault = FAULT_UNSUPPORTED;
    return error_set(error, ENOKEY, "\"%s\" is encrypted to %s, which Ebb cannot be%s", name,
                     describe(header), to.text);
}

int refusal_explain(int code, const struct identities *identities, const struct header *header,
                    const char *name, enum fault *fault, struct error *error)
{
    switch (code) {
    case EBADMSG:
        *fault = FAULT_CORRUPT;
        return error_set(error, code,
                         "the header of \"%s\" is damaged: the point of a recipient is none; "
                         "restore it, or encrypt it again",
                         name);
    case EKEYREJECTED:
        *fault = FAULT_TAMPERED;
        return error_set(error, code,
                         "the header of \"%s\" was changed after it was encrypted to our key; "
                         "restore it, or encrypt it again",
                         name);
    case E2BIG:
        *fault = FAULT_REFUSED;
        return error_set(error, code,
                         "the header of \"%s\" asks for 2^%u steps for its passphrase, and Ebb "
                         "takes 2^%d at most; encrypt it again with fewer",
                         name, header->stanzas[0].work, AGE_HARDEST_PASSPHRASE);
    case ENOMEM:
        *fault = FAULT_REFUSED;
        return error_set(error, code,
                         "the passphrase of \"%s\" takes %u MiB of memory, which are not there; "
                         "encrypt it again with fewer steps, or to a key",
                         name, (1U << header->stanzas[0].work) >> 10);
    default:
        return explain_no_match(identities, header, name, fault, error);
    }
}
