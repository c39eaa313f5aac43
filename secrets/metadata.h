/* What SOPS notes of a file in the file: who may open it, which values are encrypted, and the MAC.
 */
#ifndef EBB_SECRETS_METADATA_H
#define EBB_SECRETS_METADATA_H

#include "secrets/tree.h"

enum {
    METADATA_MOST_RECIPIENTS = 1024, /* in a group */
    METADATA_MOST_GROUPS = 255,      /* a share has its number in a byte */
};

/* A value is encrypted by the names on the way to it. */
enum metadata_rule {
    RULE_UNENCRYPTED_SUFFIX,
    RULE_ENCRYPTED_SUFFIX,
    RULE_UNENCRYPTED_REGEX,
    RULE_ENCRYPTED_REGEX,
};

struct age_recipient {
    const char *recipient; /* "age1…" or a line of ssh-ed25519 */
    const char *file;      /* armored: the data key, or a share of it */
};

/* Whoever is of a group has what the group has: the data key, or, of several groups, a share. */
struct key_group {
    struct age_recipient *age;
    size_t age_count;
    size_t others; /* PGP, and services in a network */
};

struct metadata {
    const char *last_modified; /* as the MAC is bound to it */
    const char *mac;
    enum metadata_rule rule;
    const char *pattern;
    bool mac_only_encrypted;
    size_t threshold; /* of groups; 0: all */
    struct key_group *groups;
    size_t group_count;
};

/* Takes them out of the tree, where they are no values: a mapping "sops" in all documents. */
int metadata_take(struct tree *tree, struct metadata *metadata);
/* The same of formats without nesting, whose keys say where a value belongs: those of a section
 * "sops", or, with `prefix`, those at the top that begin with it. */
int metadata_take_flat(struct tree *tree, const char *prefix, struct metadata *metadata);

#endif
