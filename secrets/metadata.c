#include "secrets/metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/scalar.h"

static int fail(struct tree *tree, const char *key)
{
    return tree_fail(tree, FAULT_CORRUPT, 0,
                     "has no usable \"%s\" in its metadata; restore the file, or write it with "
                     "sops again",
                     key);
}

/* NULL and "": there is none. */
static int read_text(struct tree *tree, const struct node *sops, const char *key, const char **text)
{
    const struct node *node = tree_child(sops, key);
    *text = "";
    if (!node || (node->kind == NODE_SCALAR && node->type == SCALAR_NULL))
        return 0;
    if (node->kind != NODE_SCALAR || strlen(node->text) != node->length)
        return fail(tree, key);
    *text = node->text;
    return 0;
}

static int read_rule(struct tree *tree, const struct node *sops, struct metadata *metadata)
{
    static const char *const keys[] = {
        [RULE_UNENCRYPTED_SUFFIX] = "unencrypted_suffix",
        [RULE_ENCRYPTED_SUFFIX] = "encrypted_suffix",
        [RULE_UNENCRYPTED_REGEX] = "unencrypted_regex",
        [RULE_ENCRYPTED_REGEX] = "encrypted_regex",
    };
    static const char *const comment_keys[] = {"unencrypted_comment_regex",
                                               "encrypted_comment_regex"};
    const char *text;
    for (size_t i = 0; i < ARRAY_LENGTH(comment_keys); i++) {
        int code = read_text(tree, sops, comment_keys[i], &text);
        if (code < 0)
            return code;
        if (*text)
            return tree_fail(tree, FAULT_UNSUPPORTED, 0,
                             "says by comments what is encrypted (%s), which Ebb does not read; "
                             "use encrypted_regex or a suffix",
                             comment_keys[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        int code = read_text(tree, sops, keys[i], &text);
        if (code < 0)
            return code;
        if (*text && metadata->pattern)
            return tree_fail(tree, FAULT_CORRUPT, 0,
                             "has both \"%s\" and \"%s\" in its metadata; SOPS allows one",
                             keys[metadata->rule], keys[i]);
        if (*text) {
            metadata->rule = (enum metadata_rule)i;
            metadata->pattern = text;
        }
    }
    if (!metadata->pattern)
        metadata->pattern = "_unencrypted";
    return 0;
}

static int read_settings(struct tree *tree, const struct node *sops, struct metadata *metadata)
{
    const char *text;
    int code = read_text(tree, sops, "lastmodified", &text);
    metadata->last_modified = code == 0 ? scalar_time(tree->arena, text, false) : NULL;
    if (code == 0 && (!metadata->last_modified || !strpbrk(text, "Tt")))
        return fail(tree, "lastmodified");
    if (code == 0)
        code = read_text(tree, sops, "mac", &metadata->mac);
    if (code == 0 && !*metadata->mac)
        return tree_fail(tree, FAULT_TAMPERED, 0,
                         "has no \"mac\", so that anybody may have changed it; restore the file");
    if (code == 0)
        code = read_text(tree, sops, "mac_only_encrypted", &text);
    metadata->mac_only_encrypted = code == 0 && strcasecmp(text, "true") == 0;
    if (code == 0 && *text && !metadata->mac_only_encrypted && strcasecmp(text, "false") != 0)
        return fail(tree, "mac_only_encrypted");
    if (code == 0)
        code = read_text(tree, sops, "shamir_threshold", &text);
    char *end = NULL;
    metadata->threshold = code == 0 ? strtoul(text, &end, 10) : 0;
    if (code == 0 && (*end || *text == '-'))
        return fail(tree, "shamir_threshold");
    return code ? code : read_rule(tree, sops, metadata);
}

static int read_age(struct tree *tree, const struct node *list, struct key_group *group)
{
    for (const struct node *item = list->first; item; item = item->next) {
        struct age_recipient recipient;
        int code = read_text(tree, item, "recipient", &recipient.recipient);
        if (code == 0)
            code = read_text(tree, item, "enc", &recipient.file);
        if (code < 0)
            return code;
        if (group->age_count == METADATA_MOST_RECIPIENTS)
            return tree_fail(tree, FAULT_REFUSED, 0, "has more than %d recipients; remove some",
                             METADATA_MOST_RECIPIENTS);
        *ARENA_PUSH(tree->arena, group->age, group->age_count) = recipient;
    }
    return 0;
}

static int read_group(struct tree *tree, const struct node *node, struct key_group *group)
{
    static const char *const others[] = {"pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault"};
    *group = (struct key_group){0};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        const struct node *list = tree_child(node, others[i]);
        for (const struct node *item = list ? list->first : NULL; item; item = item->next)
            group->others++;
    }
    const struct node *list = tree_child(node, "age");
    return list ? read_age(tree, list, group) : 0;
}

/* Lists at the top are one group, and hide those that are called groups. */
static int read_groups(struct tree *tree, const struct node *sops, struct metadata *metadata)
{
    struct key_group group;
    int code = read_group(tree, sops, &group);
    if (code < 0)
        return code;
    if (group.age_count || group.others) {
        *ARENA_PUSH(tree->arena, metadata->groups, metadata->group_count) = group;
        return 0;
    }
    const struct node *list = tree_child(sops, "key_groups");
    for (const struct node *item = list ? list->first : NULL; item; item = item->next) {
        code = read_group(tree, item, &group);
        if (code < 0)
            return code;
        if (metadata->group_count == METADATA_MOST_GROUPS)
            return tree_fail(tree, FAULT_REFUSED, 0, "has more than %d key groups; remove some",
                             METADATA_MOST_GROUPS);
        *ARENA_PUSH(tree->arena, metadata->groups, metadata->group_count) = group;
    }
    return metadata->group_count ? 0 : fail(tree, "age");
}

static int read_metadata(struct tree *tree, const struct node *sops, struct metadata *metadata)
{
    if (!sops || sops->kind != NODE_MAPPING)
        return tree_fail(tree, FAULT_CORRUPT, 0,
                         "is no file of SOPS: it has no metadata; encrypt it with `sops -e`");
    *metadata = (struct metadata){0};
    int code = read_settings(tree, sops, metadata);
    return code ? code : read_groups(tree, sops, metadata);
}

static bool is_metadata(const struct node *node, const char *prefix)
{
    return prefix ? strncmp(node->key, prefix, strlen(prefix)) == 0
                  : strcmp(node->key, "sops") == 0;
}

/* Moves children from one node to another. */
static void take(struct node *from, const char *prefix, struct node *to)
{
    struct node *children = from->first;
    from->first = from->last = NULL;
    for (struct node *child = children, *next; child; child = next) {
        struct node *parent = is_metadata(child, prefix) ? to : from;
        next = child->next;
        child->next = NULL;
        if (parent->last)
            parent->last->next = child;
        else
            parent->first = child;
        parent->last = child;
    }
}

int metadata_take(struct tree *tree, struct metadata *metadata)
{
    struct node *first = NULL;
    for (struct node *document = tree->documents.first; document; document = document->next) {
        struct node taken = {0};
        take(document, NULL, &taken);
        if (document == tree->documents.first)
            first = taken.first;
    }
    return read_metadata(tree, first, metadata);
}

/* "age__list_0__map_enc" is the key "enc" of the first item of "age". Items go by their numbers as
 * if they were keys: their order means nothing, and in old files they have none. */
static int place(struct tree *tree, struct node *sops, const char *path, const struct node *value)
{
    struct node *parent = sops;
    while (true) {
        const char *map = strstr(path, "__map_"), *list = strstr(path, "__list_");
        const char *stop = map && (!list || map < list) ? map : list;
        char *key = arena_copy(tree->arena, path, stop ? (size_t)(stop - path) : strlen(path));
        struct node *child = tree_child(parent, key);
        if (child && (!stop || child->kind == NODE_SCALAR))
            return fail(tree, key);
        if (!child)
            child = tree_add(tree, parent, stop ? NODE_MAPPING : NODE_SCALAR, key, value->line);
        if (!child)
            return -EPERM;
        if (!stop) {
            child->text = value->text;
            child->length = value->length;
            return 0;
        }
        parent = child;
        path = stop + (stop == map ? strlen("__map_") : strlen("__list_"));
    }
}

/* INI keeps line ends as they are written in dotenv, where they are read already. */
static void unescape(struct tree *tree, struct node *value)
{
    char *text = arena_copy(tree->arena, value->text, value->length), *out = text;
    for (const char *at = text; *at; at++) {
        bool newline = at[0] == '\\' && at[1] == 'n';
        *out++ = newline ? '\n' : *at;
        at += newline;
    }
    *out = '\0';
    value->text = text;
    value->length = (size_t)(out - text);
}

int metadata_take_flat(struct tree *tree, const char *prefix, struct metadata *metadata)
{
    struct node taken = {0}, sops = {.kind = NODE_MAPPING};
    take(tree->documents.first, prefix, &taken);
    struct node *first = prefix || !taken.first ? taken.first : taken.first->first;
    size_t count = 0, most = (size_t)METADATA_MOST_RECIPIENTS * 4;
    for (struct node *value = first; value; value = value->next) {
        if (count++ == most) /* each is looked for among all others */
            return tree_fail(tree, FAULT_REFUSED, 0, "has too much metadata; remove recipients");
        if (!prefix)
            unescape(tree, value);
        int code = place(tree, &sops, value->key + (prefix ? strlen(prefix) : 0), value);
        if (code < 0)
            return code;
    }
    return read_metadata(tree, taken.first ? &sops : NULL, metadata);
}
