/* Files of SOPS: YAML, JSON, dotenv, INI and binary. The MAC over all values is verified before any
 * of them is released. Beyond the format, what the MAC does not protect is refused: duplicate keys,
 * and with it whatever reads differently to two readers.
 *
 * What nothing can tell without a pin of the file: that somebody added empty values, which are
 * released as not encrypted, that in lists of lists, of mappings or of empty values items have
 * other numbers than they had, and that the file is an older one or somebody else's for the same
 * key. */
#ifndef EBB_SECRETS_SOPS_H
#define EBB_SECRETS_SOPS_H

#include "secrets/age.h"

enum sops_format { SOPS_YAML, SOPS_JSON, SOPS_DOTENV, SOPS_INI, SOPS_BINARY };
extern const char *const sops_format_names[];

/* A value in the file. */
struct sops_leaf {
    /* "a/b/2/c": keys of mappings and numbers of items, from the top on; "section/key" in INI, in
     * which keys before any section are of "DEFAULT"; a binary file is one value, "data". */
    const char *key;
    struct secret value; /* decrypted; a number, time or truth value as text */
    bool encrypted;      /* it was; false: it stands in the file as it is, or is empty or null */
    bool bare;           /* no string: a number, time, truth value or null */
};

struct node;

struct sops {
    struct arena *arena;
    struct sops_leaf *leaves; /* of the first document, in the order of the file */
    size_t count;
    const struct node *document; /* the first one; NULL: there is none */
};

/* By the name's extension: .yaml .yml .json .env .ini; anything else is binary. */
enum sops_format sops_format_of(const char *name);
/* Opens and verifies. -errno with a fault and a sentence: `sops` is as it was. */
int sops_open(const struct identities *identities, const char *name, enum sops_format format,
              const struct secret *text, struct sops *sops, enum fault *fault, struct error *error);
void sops_close(struct sops *sops);
#define auto_sops AUTO(sops_close) struct sops
/* NULL: there is no such leaf. */
const struct sops_leaf *sops_find(const struct sops *sops, const char *key);
/* The whole file as it was before it was encrypted, but for its comments and its looks; of several
 * documents the first. */
void sops_write(const struct sops *sops, enum sops_format format, struct secret *text);

#endif
