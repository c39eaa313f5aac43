#include "secrets/sops_values.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/cipher.h"
#include "secrets/rule.h"

static const char *const sops_mark = "sops_"; /* what begins the metadata in dotenv */

/* SHA-256 of "sops": a MAC of the encrypted values alone is never that of all values. */
static const unsigned char only_encrypted[] = {
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
};

enum { DIGEST = 64 };

struct walk {
    struct tree *tree;
    const struct metadata *metadata;
    const struct rule *rule;
    const unsigned char *key; /* NULL: there is none, and only forms are looked at */
    EVP_MD_CTX *digest;
    struct sops *sops; /* leaves are collected here, and stay if the MAC is right */
    bool first;        /* in the first document */
};

/* Where a walk is: for people and for callers, for the cipher, and for the rule. */
struct place {
    const char *path, *bound;
    bool matches;
};

int sops_read(struct tree *tree, enum sops_format format, const struct secret *text,
              struct metadata *metadata)
{
    static int (*const readers[])(struct tree *, const char *, size_t) = {
        [SOPS_YAML] = read_yaml, [SOPS_JSON] = read_json,   [SOPS_DOTENV] = read_dotenv,
        [SOPS_INI] = read_ini,   [SOPS_BINARY] = read_json,
    };
    if (text->length > TREE_LARGEST)
        return tree_fail(tree, FAULT_REFUSED, 0, "is larger than %d MiB; split it",
                         TREE_LARGEST >> 20);
    int code = readers[format](tree, (const char *)text->bytes, text->length);
    if (code == 0)
        code = tree_check_unique(tree);
    if (code < 0)
        return code;
    if (format == SOPS_DOTENV)
        return metadata_take_flat(tree, sops_mark, metadata);
    if (format == SOPS_INI)
        return metadata_take_flat(tree, NULL, metadata);
    return metadata_take(tree, metadata);
}

static int fail_tampered(const struct walk *walk, const struct node *node, const char *path)
{
    return tree_fail(walk->tree, FAULT_TAMPERED, node->line,
                     "the value of \"%s\" was changed or moved by somebody without the key; "
                     "restore the file",
                     path);
}

static int decrypt(const struct walk *walk, const struct node *node, const struct place *place,
                   struct secret *plain)
{
    int code = -EINVAL;
    if (node->type == SCALAR_STRING && walk->key)
        code = cipher_open(walk->key, node->text, node->length, place->bound, plain);
    else if (node->type == SCALAR_STRING && cipher_is(node->text, node->length))
        code = 0;
    if (code == 0 && !walk->key)
        *plain = secret_copy(node->text, node->length);
    if (code == -EBADMSG)
        return fail_tampered(walk, node, place->path);
    if (code < 0)
        return tree_fail(walk->tree, FAULT_CORRUPT, node->line,
                         "the value of \"%s\" should be encrypted and is not; encrypt the file "
                         "with `sops -e`",
                         place->path);
    return 0;
}

/* What is encrypted is a string in the file, and says what it was. */
static bool is_bare(const struct node *node, bool encrypted)
{
    static const char *const strings[] = {",type:str]", ",type:bytes]"};
    for (size_t i = 0; encrypted && i < ARRAY_LENGTH(strings); i++)
        if (memmem(node->text, node->length, strings[i], strlen(strings[i])))
            return false;
    return encrypted || node->type != SCALAR_STRING;
}

static void keep(const struct walk *walk, const struct place *place, const struct node *node,
                 struct secret *value, bool encrypted)
{
    struct sops *sops = walk->sops;
    struct sops_leaf *leaf = ARENA_PUSH(walk->tree->arena, sops->leaves, sops->count);
    *leaf = (struct sops_leaf){.key = place->path,
                               .value = *value,
                               .encrypted = encrypted,
                               .bare = is_bare(node, encrypted)};
    *value = (struct secret){0};
}

/* Strings that are empty are never encrypted, and null is not even in the MAC. */
static int visit_scalar(const struct walk *walk, const struct node *node, const struct place *place)
{
    bool should = rule_encrypts(walk->rule, place->matches), null = node->type == SCALAR_NULL;
    bool encrypted = should && !null && (node->type != SCALAR_STRING || node->length > 0);
    auto_secret value = {0};
    if (encrypted) {
        int code = decrypt(walk, node, place, &value);
        if (code < 0)
            return code;
    } else {
        value = secret_copy(null ? "" : node->text, null ? 0 : node->length);
    }
    bool as_type = !encrypted && node->hashed;
    const void *hashed = as_type ? node->hashed : (const char *)value.bytes;
    size_t length = as_type ? strlen(node->hashed) : value.length;
    if (!null && (should || !walk->metadata->mac_only_encrypted) &&
        EVP_DigestUpdate(walk->digest, hashed, length) != 1)
        memory_exhausted();
    if (walk->first)
        keep(walk, place, node, &value, encrypted);
    return 0;
}

/* Items of a list are bound to the name of the list, in which they have no other. */
static struct place place_of(const struct walk *walk, const struct place *parent,
                             const struct node *node, size_t index)
{
    struct arena *arena = walk->tree->arena;
    const char *slash = *parent->path ? "/" : "";
    if (!node->key)
        return (struct place){
            .path = arena_printf(arena, "%s%s%zu", parent->path, slash, index),
            .bound = parent->bound,
            .matches = parent->matches,
        };
    return (struct place){
        .path = arena_printf(arena, "%s%s%s", parent->path, slash, node->key),
        .bound = arena_printf(arena, "%s%s:", parent->bound, node->key),
        .matches = parent->matches || rule_matches(walk->rule, node->key),
    };
}

/* As deep as the readers let a file be. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int visit(const struct walk *walk, const struct node *node, const struct place *place)
{
    if (node->kind == NODE_SCALAR)
        return visit_scalar(walk, node, place);
    size_t index = 0;
    for (const struct node *child = node->first; child; child = child->next) {
        struct place below = place_of(walk, place, child, index++);
        if (strlen(below.path) > TREE_LONGEST_KEY) /* or a small file fills the memory with them */
            return tree_fail(walk->tree, FAULT_REFUSED, child->line,
                             "the keys on the way to a value are longer than %d bytes; shorten "
                             "them",
                             TREE_LONGEST_KEY);
        int code = visit(walk, child, &below);
        if (code < 0)
            return code;
    }
    return 0;
}

static void free_digest(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}

static int check_mac(const struct walk *walk)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char digest[DIGEST];
    char text[2 * DIGEST];
    auto_secret mac = {0};
    const struct metadata *metadata = walk->metadata;
    if (EVP_DigestFinal_ex(walk->digest, digest, NULL) != 1)
        memory_exhausted();
    for (size_t i = 0; i < DIGEST; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    int code = -EINVAL;
    if (walk->key)
        code = cipher_open(walk->key, metadata->mac, strlen(metadata->mac), metadata->last_modified,
                           &mac);
    else if (cipher_is(metadata->mac, strlen(metadata->mac)))
        return 0;
    if (code == -EINVAL)
        return tree_fail(walk->tree, FAULT_CORRUPT, 0,
                         "has a \"mac\" in its metadata that is none; restore the file");
    if (code < 0)
        return tree_fail(walk->tree, FAULT_TAMPERED, 0,
                         "has another \"mac\" or \"lastmodified\" than it was given; restore it");
    bool same = mac.length == sizeof(text) && CRYPTO_memcmp(mac.bytes, text, sizeof(text)) == 0;
    explicit_bzero(digest, sizeof(digest)); /* a short secret can be guessed by it */
    explicit_bzero(text, sizeof(text));
    if (!same)
        return tree_fail(walk->tree, FAULT_TAMPERED, 0,
                         "was changed by somebody without the key: values were added, removed or "
                         "put in another order; restore it");
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct sops_leaf *one = *(const struct sops_leaf *const *)a,
                           *other = *(const struct sops_leaf *const *)b;
    return strcmp(one->key, other->key);
}

/* "a/b" may be a key with a slash in it, or two keys. */
static int check_paths(const struct walk *walk)
{
    const struct sops *sops = walk->sops;
    const struct sops_leaf **sorted = arena_alloc(walk->tree->arena, sops->count * sizeof(*sorted));
    for (size_t i = 0; i < sops->count; i++)
        sorted[i] = &sops->leaves[i];
    qsort(sorted, sops->count, sizeof(const struct sops_leaf *), by_key);
    for (size_t i = 1; i < sops->count; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            return tree_fail(walk->tree, FAULT_REFUSED, 0,
                             "has two values that are both \"%s\", one with a slash in its name; "
                             "rename it",
                             sorted[i]->key);
    return 0;
}

static int visit_documents(struct walk *walk)
{
    static const char *const top = "";
    if (walk->metadata->mac_only_encrypted &&
        EVP_DigestUpdate(walk->digest, only_encrypted, sizeof(only_encrypted)) != 1)
        memory_exhausted();
    walk->first = true;
    for (const struct node *document = walk->tree->documents.first; document;
         document = document->next) {
        int code = visit(walk, document, &(struct place){.path = top, .bound = top});
        if (code < 0)
            return code;
        walk->first = false;
    }
    int code = check_mac(walk);
    return code ? code : check_paths(walk);
}

static void forget(const struct sops *sops)
{
    for (size_t i = 0; i < sops->count; i++)
        secret_free(&sops->leaves[i].value);
}

/* `key` as in struct walk. */
static int walk_whole(struct tree *tree, const struct metadata *metadata, const unsigned char *key,
                      struct sops *sops)
{
    auto_rule rule = {0};
    struct sops opened = {.arena = tree->arena, .document = tree->documents.first};
    AUTO(free_digest) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha512(), NULL) != 1)
        memory_exhausted();
    int code = rule_make(tree, metadata, &rule);
    struct walk walk = {.tree = tree,
                        .metadata = metadata,
                        .rule = &rule,
                        .key = key,
                        .digest = digest,
                        .sops = &opened};
    if (code == 0)
        code = visit_documents(&walk);
    if (code < 0) {
        forget(&opened);
        return code;
    }
    *sops = opened;
    return 0;
}

int sops_release(struct tree *tree, const struct metadata *metadata, const struct secret *data_key,
                 struct sops *sops)
{
    if (data_key->length != CIPHER_KEY)
        return tree_fail(tree, FAULT_CORRUPT, 0,
                         "has a data key of %zu bytes, which are not the 32 of SOPS; encrypt it "
                         "again",
                         data_key->length);
    return walk_whole(tree, metadata, data_key->bytes, sops);
}

int sops_list(struct tree *tree, const struct metadata *metadata, struct sops *sops)
{
    return walk_whole(tree, metadata, NULL, sops);
}

int sops_open_with_key(const struct secret *data_key, const char *name, enum sops_format format,
                       const struct secret *text, struct sops *sops, enum fault *fault,
                       struct error *error)
{
    struct arena *arena = arena_new();
    struct tree tree = {.arena = arena,
                        .name = name,
                        .fault = fault,
                        .error = error,
                        .documents = {.kind = NODE_LIST}};
    struct metadata metadata = {0};
    int code = sops_read(&tree, format, text, &metadata);
    if (code == 0)
        code = sops_release(&tree, &metadata, data_key, sops);
    if (code < 0)
        arena_free(arena);
    return code;
}
