/* Files as those see them who have no key. */

#include "secrets/sops_testing.h"

#include "secrets/look.h"

#define DATA "secrets/testdata/"

static void open_file(const char *path, struct look *look)
{
    struct error error;
    auto_secret text = file_of("%s", path);
    if (look_open(path, &text, look, &error) < 0)
        fail_msg("%s: %s", path, error.text);
}

static void test_leaves(void **state)
{
    (void)state;
    static const char *const files[] = {OURS "/types.yaml",     OURS "/types.json",
                                        OURS "/types.env",      OURS "/types.ini",
                                        OURS "/whole.bin",      OURS "/encrypted_regex.yaml",
                                        OURS "/documents.yaml", OURS "/mac_only.yaml"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        auto_look look;
        auto_sops opened = {0};
        auto_secret text = file_of("%s", files[i]), hex = file_of("%s.key", files[i]);
        auto_secret key = from_hex((const char *)hex.bytes);
        enum fault fault = FAULT_NONE;
        struct error error;
        open_file(files[i], &look);
        assert_int_equal(sops_open_with_key(&key, files[i], sops_format_of(files[i]), &text,
                                            &opened, &fault, &error),
                         0);
        /* The same names, of which the same are encrypted, and none of those decrypted. */
        assert_true(opened.count > 0);
        assert_int_equal(look.sops.count, opened.count);
        for (size_t j = 0; j < opened.count; j++) {
            const struct sops_leaf *seen = &look.sops.leaves[j], *real = &opened.leaves[j];
            assert_string_equal(seen->key, real->key);
            assert_int_equal(seen->encrypted, real->encrypted);
            if (real->encrypted)
                assert_memory_equal(seen->value.bytes, "ENC[", 4);
            else
                assert_string_equal(seen->value.bytes, real->value.bytes);
        }
    }
}

static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *message;
    } rows[] = {
        {"x.yaml", "a: 1\n",
         "\"x.yaml\" is no file of SOPS: it has no metadata; encrypt it with `sops -e`"},
        {"x.yaml",
         "a: plain\nsops:\n  lastmodified: \"2024-01-01T00:00:00Z\"\n  mac: x\n  age:\n  - "
         "recipient: x\n    enc: x\n",
         "\"x.yaml\", line 1: the value of \"a\" should be encrypted and is not; encrypt the file "
         "with `sops -e`"},
        {"x.yaml",
         "a: \"\"\nsops:\n  lastmodified: \"2024-01-01T00:00:00Z\"\n  mac: x\n  age:\n  - "
         "recipient: x\n    enc: x\n",
         "\"x.yaml\" has a \"mac\" in its metadata that is none; restore the file"},
        {"x", "age-encryption.org/v1\n--- x\n",
         "the header of \"x\" is damaged: its MAC is not 32 bytes in base64; restore it, or "
         "encrypt it again"},
        {"x", "-----BEGIN AGE ENCRYPTED FILE-----\n",
         "the armor of \"x\" is damaged: its last line, \"-----END\", is missing; restore it, or "
         "encrypt it again"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        auto_look look;
        struct error error = {0};
        auto_secret text = secret_copy(rows[i].text, strlen(rows[i].text));
        int code = look_open(rows[i].name, &text, &look, &error);
        assert_true(code < 0 && code == -error.code);
        assert_string_equal(error.text, rows[i].message);
    }
}

struct row {
    const char *file, *keys[2];
    enum look_answer answer;
    const char *part; /* of the message */
};

static void assert_answer(const struct row *row)
{
    auto_arena arena = arena_new();
    struct recipients recipients = {.arena = arena};
    auto_look look;
    struct error error = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(row->keys) && row->keys[i]; i++) {
        auto_identities identities = {0};
        add_identities(&identities, row->keys[i]);
        recipients_add_identities(&recipients, &identities);
    }
    open_file(row->file, &look);
    if (look_is_for(&look, &recipients, &error) != row->answer)
        fail_msg("%s: %s", row->file, error.text);
    assert_int_equal(row->answer == LOOK_NO, error.code != 0);
    if (row->part)
        assert_contains(error.text, row->part);
}

static void test_answers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {DATA "ssh.age", {DATA "ssh.key"}, LOOK_YES, NULL},
        {DATA "ssh.age", {NULL}, LOOK_UNKNOWN, NULL},
        {DATA "ssh.age",
         {DATA "ours.key"},
         LOOK_NO,
         "is encrypted to 1 recipient, none of them ours; encrypt it again, also to age1"},
        {DATA "armored.age", {DATA "ours.key"}, LOOK_UNKNOWN, NULL},
        {DATA "two.age", {NULL}, LOOK_UNKNOWN, NULL},
        {DATA "passphrase.age", {DATA "ours.key"}, LOOK_NO, "is encrypted with a passphrase"},
        {DATA "rsa.age", {DATA "ours.key"}, LOOK_NO, "an RSA key of SSH, which Ebb cannot be"},
        {DATA "rsa.age", {NULL}, LOOK_NO, "an RSA key of SSH, which Ebb cannot be"},
        {OURS "/types.yaml", {OURS "/key.txt"}, LOOK_YES, NULL},
        {OURS "/types.ini", {OURS "/key.txt"}, LOOK_YES, NULL},
        {OURS "/types.yaml", {NULL}, LOOK_UNKNOWN, NULL},
        {OURS "/types.yaml", {DATA "ours.key"}, LOOK_NO, "none of which is ours; add \"age1"},
        {OURS "/shamir.yaml", {OURS "/key.txt"}, LOOK_YES, NULL}, /* two of its three groups */
        {OURS "/shamir.yaml", {DATA "ours.key"}, LOOK_NO, "none of which is ours"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_answer(&rows[i]);
}

/* A key of two groups, where it takes all three. */
static void test_groups(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct recipients recipients = {.arena = arena};
    auto_look look;
    struct error error = {0};
    auto_identities identities = {0};
    add_identities(&identities, OURS "/key.txt");
    recipients_add_identities(&recipients, &identities);
    open_file(OURS "/shamir.yaml", &look);
    look.metadata.threshold = 3;
    assert_int_equal(look_is_for(&look, &recipients, &error), LOOK_NO);
    assert_contains(error.text, "needs keys of 3 of its 3 key groups, and we have those of 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
