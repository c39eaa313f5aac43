/* Files of SOPS as a machine opens them: with its own keys, one of several, or shares of several.
 */

#include "secrets/sops_testing.h"

#include <errno.h>

#define NOT_OURS                                                                                   \
    "\"f\" is encrypted to 1 age recipient, none of which is ours; add "                           \
    "\"age1fqwxkud50xgypl8s6tj8mrqc79hq3m2d7gvt5e3thjj0wclraysq26rrmk\" with `sops updatekeys`"

/* `message` NULL: it is opened, and `key` is `value` in it. */
static void assert_opens(const char *keys, const char *name, const struct secret *text,
                         const char *key, const char *value, enum fault expected)
{
    auto_identities identities = {0};
    auto_sops sops = {0};
    enum fault fault = FAULT_NONE;
    struct error error = {0};
    if (keys)
        add_identities(&identities, keys);
    int code = sops_open(&identities, "f", sops_format_of(name), text, &sops, &fault, &error);
    assert_int_equal(code, -error.code);
    if (fault != expected)
        fail_msg("%s: %s, %s", name, fault_names[fault], error.text);
    if (code < 0 && (!value || strcmp(error.text, value) != 0))
        fail_msg("%s: %s", name, error.text);
    if (code < 0)
        return;
    const struct sops_leaf *leaf = sops_find(&sops, key);
    assert_non_null(leaf);
    assert_true(leaf->encrypted);
    assert_string_equal((const char *)leaf->value.bytes, value);
    assert_null(sops_find(&sops, "nonesuch"));
}

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *name, *key, *value; /* no key: a sentence */
        enum fault fault;
    } rows[] = {
        {OURS "/key.txt", "types.yaml", "list/1/1", "three", FAULT_NONE},
        {OURS "/key.txt", "types.json", "o/k/0", "v", FAULT_NONE},
        {OURS "/key.txt", "types.env", "MULTI", "two\nlines", FAULT_NONE},
        {OURS "/key.txt", "types.ini", "first/hash", "a#b;c", FAULT_NONE},
        {OURS "/key.txt", "second_of_two.yaml", "a", "shared", FAULT_NONE},
        {OURS "/second.txt", "second_of_two.yaml", "a", "shared", FAULT_NONE},
        {OURS "/key.txt", "shamir.yaml", "a", "shared", FAULT_NONE},
        {OURS "/second.txt", "shamir.yaml", "a", "shared", FAULT_NONE},
        {OURS "/key.txt", "not_ours.yaml", NULL, NOT_OURS, FAULT_NO_MATCH},
        {NULL, "not_ours.yaml", NULL,
         "\"f\" is encrypted to 1 age recipient, and there is no key to be one of them; give this "
         "machine a key",
         FAULT_NO_MATCH},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        auto_secret text = file_of("%s/%s", OURS, rows[i].name);
        assert_opens(rows[i].keys, rows[i].name, &text, rows[i].key, rows[i].value, rows[i].fault);
    }
}

/* Replaces text by one of the same length. */
static void replace(struct secret *text, const char *old, const char *new)
{
    char *found = strstr((char *)text->bytes, old);
    assert_true(found && strlen(old) == strlen(new));
    while (*new)
        *found++ = *new ++;
}

static void test_shares(void **state)
{
    (void)state;
    auto_secret text = file_of("%s/shamir.yaml", OURS);
    replace(&text, "shamir_threshold: 2", "shamir_threshold: 3");
    assert_opens(OURS "/key.txt", "f.yaml", &text, NULL,
                 "\"f\" needs keys of 3 of its 3 key groups, and we have those of 2; lower "
                 "shamir_threshold, or join the groups if a stray \"-\" in .sops.yaml made them",
                 FAULT_NO_MATCH);
    replace(&text, "shamir_threshold: 3", "shamir_threshold: 0"); /* of old files: all of them */
    assert_opens(OURS "/key.txt", "f.yaml", &text, NULL,
                 "\"f\" needs keys of 3 of its 3 key groups, and we have those of 2; lower "
                 "shamir_threshold, or join the groups if a stray \"-\" in .sops.yaml made them",
                 FAULT_NO_MATCH);
    replace(&text, "shamir_threshold: 0", "shamir_threshold: 1"); /* a share too many is no harm */
    assert_opens(OURS "/key.txt", "f.yaml", &text, "a", "shared", FAULT_NONE);
}

/* A file of somebody else whose age file is damaged says so rather than that it is not ours. */
static void test_damaged(void **state)
{
    (void)state;
    auto_secret text = file_of("%s/types.yaml", OURS);
    replace(&text, "-----END AGE", "-----EMD AGE");
    assert_opens(OURS "/key.txt", "f.yaml", &text, NULL,
                 "the armor of \"f, recipient 1\" is damaged: a short line stands before others; "
                 "restore it, or encrypt it again",
                 FAULT_CORRUPT);
}

static void test_other_kinds(void **state)
{
    (void)state;
    static const char only_pgp[] =
        "a: x\nsops:\n  lastmodified: '2024-01-01T00:00:00Z'\n  mac: ENC[x]\n  pgp:\n  - fp: y\n";
    static const char nobody[] =
        "a: x\nsops:\n  lastmodified: '2024-01-01T00:00:00Z'\n  mac: ENC[x]\n  pgp: []\n";
    auto_secret pgp = secret_copy(only_pgp, strlen(only_pgp));
    auto_secret none = secret_copy(nobody, strlen(nobody));
    assert_opens(OURS "/key.txt", "f.yaml", &pgp, NULL,
                 "\"f\" is encrypted to PGP keys or key services only, which Ebb does not have; "
                 "add an age recipient with `sops updatekeys`",
                 FAULT_UNSUPPORTED);
    assert_opens(OURS "/key.txt", "f.yaml", &none, NULL,
                 "\"f\" has no usable \"age\" in its metadata; restore the file, or write it with "
                 "sops again",
                 FAULT_CORRUPT);
}

static void test_files_of_others(void **state)
{
    (void)state;
    static const char *const keys[] = {"age-keys.txt", "ssh-ed25519-key"};
    auto_string folder = find_vectors();
    if (!folder) /* no part of the repository, and nothing that MUST_WORK could have installed */
        return;
    auto_secret text = file_of("%s/sops-nix/secrets.yaml", folder);
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        auto_string path = NULL;
        assert_true(asprintf(&path, "%s/sops-nix/%s", folder, keys[i]) > 0);
        assert_opens(path, "f.yaml", &text, "nested/test/file", "another value", FAULT_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_files_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
