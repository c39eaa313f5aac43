#include "secrets/rule.h"

#include <ctype.h>
#include <string.h>

/* What is between brackets, from behind the first one; NULL: it is not the same in both. */
static const char *skip_brackets(const char *at)
{
    at += *at == '^';
    at += *at == ']';
    while (*at && *at != ']') {
        if (*at == '\\' || (*at == '[' && strchr(".=", at[1])))
            return NULL;
        if (at[0] == '[' && at[1] == ':') {
            const char *end = strstr(at, ":]");
            if (!end)
                return NULL;
            at = end + 1;
        }
        at++;
    }
    return *at ? at + 1 : NULL;
}

/* What Go's RE2 and POSIX have both, and with one meaning; NULL, or where the first other thing
 * stands. Braces are left out, because nested ones make an expression that fills the memory. */
static const char *first_foreign(const char *expression)
{
    bool atom = false; /* something is there to repeat */
    for (const char *at = expression; *at;) {
        const char *here = at;
        if ((unsigned char)*at >= 0x80 || *at == '{' || *at == '}')
            return here;
        if (strchr("*+?", *at)) {
            if (!atom)
                return here;
            atom = false;
            at++;
        } else if (*at == '\\') {
            if (!ispunct((unsigned char)at[1]) || strchr("<>'`", at[1]))
                return here;
            atom = true;
            at += 2;
        } else if (*at == '[') {
            at = skip_brackets(at + 1);
            if (!at)
                return here;
            atom = true;
        } else {
            atom = !strchr("^$|(", *at);
            at++;
        }
    }
    return NULL;
}

int rule_make(struct tree *tree, const struct metadata *metadata, struct rule *rule)
{
    *rule = (struct rule){.kind = metadata->rule, .suffix = metadata->pattern};
    if (rule->kind == RULE_UNENCRYPTED_SUFFIX || rule->kind == RULE_ENCRYPTED_SUFFIX)
        return 0;
    const char *foreign = first_foreign(metadata->pattern);
    if (strlen(metadata->pattern) > TREE_LONGEST_KEY)
        return tree_fail(tree, FAULT_UNSUPPORTED, 0,
                         "says by an expression of more than %d bytes what is encrypted; shorten "
                         "it",
                         TREE_LONGEST_KEY);
    if (foreign)
        return tree_fail(tree, FAULT_UNSUPPORTED, 0,
                         "says by the expression \"%s\" what is encrypted, of which Ebb does not "
                         "read the part from byte %zu on; write it without \\d, \\b, (?…), braces "
                         "and repeated repetition",
                         metadata->pattern, (size_t)(foreign - metadata->pattern) + 1);
    if (regcomp(&rule->regex, metadata->pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return tree_fail(tree, FAULT_CORRUPT, 0,
                         "says by the expression \"%s\" what is encrypted, which is none; correct "
                         "it",
                         metadata->pattern);
    rule->has_regex = true;
    return 0;
}

void rule_free(struct rule *rule)
{
    if (rule->has_regex)
        regfree(&rule->regex);
}

bool rule_matches(const struct rule *rule, const char *name)
{
    if (rule->has_regex)
        return regexec(&rule->regex, name, 0, NULL, 0) == 0;
    size_t length = strlen(name), suffix = strlen(rule->suffix);
    return length >= suffix && strcmp(name + length - suffix, rule->suffix) == 0;
}

bool rule_encrypts(const struct rule *rule, bool matches)
{
    bool names_encrypted =
        rule->kind == RULE_ENCRYPTED_SUFFIX || rule->kind == RULE_ENCRYPTED_REGEX;
    return names_encrypted == matches;
}
