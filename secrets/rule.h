/* Which names a value's rule of encryption means. */
#ifndef EBB_SECRETS_RULE_H
#define EBB_SECRETS_RULE_H

#include <regex.h>

#include "secrets/metadata.h"

struct rule {
    enum metadata_rule kind;
    const char *suffix;
    regex_t regex;
    bool has_regex;
};

/* Regular expressions are those that Go and POSIX read alike; others are refused. */
int rule_make(struct tree *tree, const struct metadata *metadata, struct rule *rule);
void rule_free(struct rule *rule);
#define auto_rule AUTO(rule_free) struct rule

bool rule_matches(const struct rule *rule, const char *name);
/* Whether a value is encrypted, some name on the way to which matches, or none. */
bool rule_encrypts(const struct rule *rule, bool matches);

#endif
