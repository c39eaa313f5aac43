/* Files that age made for our test keys (testdata/make), what is done to such files, and what their
 * owner is told. */

#include "secrets/testing.h"

#include <errno.h>

#define DATA "secrets/testdata/"

struct outcome {
    int code;
    enum fault fault;
    struct error error;
    struct secret plain;
};

static struct outcome decrypt(const struct identities *identities, const void *file, size_t length)
{
    struct outcome outcome = {0};
    outcome.code = age_decrypt(identities, "file", file, length, &outcome.plain, &outcome.fault,
                               &outcome.error);
    if (outcome.code) {
        assert_null(outcome.plain.bytes);
        assert_int_equal(outcome.code, -outcome.error.code);
        assert_int_not_equal(outcome.fault, FAULT_NONE);
    }
    return outcome;
}

static struct identities identities_of(const char *path)
{
    struct identities identities = {0};
    if (path)
        add_identities(&identities, path);
    else
        add_passphrase(&identities, "passphrase");
    return identities;
}

static void test_decrypts(void **state)
{
    (void)state;
    static const struct {
        const char *file, *key;
        size_t zeros; /* else it is the usual text */
    } rows[] = {
        {DATA "x25519.age", DATA "ours.key", 0},    {DATA "two.age", DATA "ours.key", 0},
        {DATA "two.age", DATA "other.key", 0},      {DATA "armored.age", DATA "ours.key", 0},
        {DATA "ssh.age", DATA "ssh.key", 0},        {DATA "empty.age", DATA "ours.key", 0},
        {DATA "chunk.age", DATA "ours.key", 65536}, {DATA "more.age", DATA "ours.key", 65537},
        {DATA "passphrase.age", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        auto_identities identities = identities_of(rows[i].key);
        auto_secret file = file_of("%s", rows[i].file);
        auto_secret expected = rows[i].zeros ? secret_new(rows[i].zeros)
                               : rows[i].key ? secret_copy("a secret\n", 9)
                                             : file_of(DATA "ours.key");
        if (strcmp(rows[i].file, DATA "empty.age") == 0)
            expected.length = 0;
        struct outcome outcome = decrypt(&identities, file.bytes, file.length);
        if (outcome.code)
            fail_msg("%s", outcome.error.text);
        assert_non_null(outcome.plain.bytes);
        assert_int_equal(outcome.plain.length, expected.length);
        assert_memory_equal(outcome.plain.bytes, expected.bytes, expected.length);
        secret_free(&outcome.plain);
    }
}

#define HEADER "age-encryption.org/v1\n"
#define BODY "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define POINT "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SALT "AAAAAAAAAAAAAAAAAAAAAA"
#define MAC "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n1234567890123456"
#define ALSO "; encrypt it again, also to %s"

/* "%s" in a sentence is our recipient. */
static void test_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum fault fault;
        const char *sentence;
    } rows[] = {
        {HEADER "-> mlkem768x25519 AAAA" BODY MAC, FAULT_UNSUPPORTED,
         "\"file\" is encrypted to a post-quantum recipient, which Ebb cannot be" ALSO},
        {HEADER "-> x-grease" BODY "-> ssh-rsa AAAA" BODY MAC, FAULT_UNSUPPORTED,
         "\"file\" is encrypted to an RSA key of SSH, which Ebb cannot be" ALSO},
        {HEADER "-> piv-p256 AAAA" BODY MAC, FAULT_UNSUPPORTED,
         "\"file\" is encrypted to a key in a hardware token or TPM, which Ebb cannot be" ALSO},
        {HEADER "-> wonder" BODY MAC, FAULT_UNSUPPORTED,
         "\"file\" is encrypted to a recipient of a plugin of age, which Ebb cannot be" ALSO},
        {HEADER "-> scrypt " SALT " 10" BODY MAC, FAULT_NO_MATCH,
         "\"file\" is encrypted with a passphrase" ALSO},
        {HEADER "-> wonder" BODY "-> X25519 " POINT BODY MAC, FAULT_NO_MATCH,
         "\"file\" is encrypted to 2 recipients, none of them ours" ALSO},
        {HEADER "-> X25519 " POINT BODY MAC, FAULT_NO_MATCH,
         "\"file\" is encrypted to 1 recipient, none of them ours" ALSO},
        {"age-encryption.org/v2\n", FAULT_CORRUPT,
         "the header of \"file\" is damaged: it is not of version 1 of age; restore it, or encrypt "
         "it again"},
        {"-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n", FAULT_CORRUPT,
         "the armor of \"file\" is damaged: its last line, \"-----END\", is missing; restore it, "
         "or encrypt it again"},
        {"key: value\n", FAULT_CORRUPT,
         "\"file\" is no age file: it begins with neither a header nor an armor"},
        {HEADER MAC, FAULT_CORRUPT,
         "the header of \"file\" is damaged: it has no recipients; restore it, or encrypt it "
         "again"},
    };
    auto_identities identities = identities_of(DATA "ours.key");
    auto_string recipient = identity_recipient(&identities.items[0]);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct outcome outcome = decrypt(&identities, rows[i].file, strlen(rows[i].file));
        auto_string sentence = NULL;
        const char *also = strstr(rows[i].sentence, "%s");
        int before = (int)(also ? also - rows[i].sentence : (long)strlen(rows[i].sentence));
        assert_true(asprintf(&sentence, "%.*s%s", before, rows[i].sentence, also ? recipient : "") >
                    0);
        assert_string_equal(outcome.error.text, sentence);
        assert_int_equal(outcome.fault, rows[i].fault);
    }
}

/* Those that depend on who we are. */
static void test_remedies(void **state)
{
    (void)state;
    static const char sealed[] = HEADER "-> scrypt " SALT " 2" BODY MAC;
    static const char hard[] = HEADER "-> scrypt " SALT " 19" BODY MAC;
    auto_identities nobody = {0}, passphrase = identities_of(NULL);
    auto_identities ssh = identities_of(DATA "ssh.key");
    auto_secret file = file_of(DATA "x25519.age"), public = file_of(DATA "ssh.pub");
    struct outcome outcome = decrypt(&nobody, file.bytes, file.length);
    assert_string_equal(outcome.error.text,
                        "\"file\" is encrypted to 1 recipient, none of them ours; and there is no "
                        "key that it could be encrypted to");
    outcome = decrypt(&passphrase, sealed, strlen(sealed));
    assert_string_equal(outcome.error.text, "the passphrase is not that of \"file\"");
    assert_int_equal(outcome.fault, FAULT_NO_MATCH);
    outcome = decrypt(&passphrase, hard, strlen(hard));
    assert_string_equal(outcome.error.text,
                        "the header of \"file\" asks for 2^19 steps for its passphrase, and Ebb "
                        "takes 2^18 at most; encrypt it again with fewer");
    assert_int_equal(outcome.fault, FAULT_REFUSED);

    auto_secret rsa = file_of(DATA "rsa.age");
    outcome = decrypt(&passphrase, rsa.bytes, rsa.length);
    assert_int_equal(outcome.fault, FAULT_UNSUPPORTED);
    assert_contains(outcome.error.text, "an RSA key of SSH");

    /* An SSH key may be named as either of the two that it is. */
    outcome = decrypt(&ssh, file.bytes, file.length);
    auto_string one = identity_recipient(&ssh.items[0]);
    auto_string two = identity_recipient(&ssh.items[1]);
    assert_memory_equal(public.bytes, one, strlen(one));
    assert_memory_equal(two, "age1", 4);
    assert_contains(outcome.error.text, one);
    assert_contains(outcome.error.text, two);
}

/* No part of a file is one, and no bit of it can be another. */
static void damage(const char *path, const char *key, bool armored)
{
    auto_identities identities = identities_of(key);
    auto_secret file = file_of("%s", path);
    for (size_t length = 0; length < file.length; length++) {
        /* A copy of that length, so that a sanitizer sees what is read behind it. */
        auto_secret cut = secret_copy(file.bytes, length);
        struct outcome outcome = decrypt(&identities, cut.bytes, cut.length);
        bool only_feed = armored && length == file.length - 1;
        if ((outcome.code == 0) != only_feed)
            fail_msg("%s: %zu bytes of it: %d", path, length, outcome.code);
        secret_free(&outcome.plain);
    }
    for (size_t bit = 0; bit < file.length * 8; bit++) {
        unsigned char old = file.bytes[bit / 8];
        file.bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        struct outcome outcome = decrypt(&identities, file.bytes, file.length);
        /* Any white space may end the file, so its last byte may be others. */
        bool only_space = armored && bit / 8 == file.length - 1;
        if (outcome.code == 0 && !only_space)
            fail_msg("%s: opens with bit %zu changed", path, bit);
        secret_free(&outcome.plain);
        file.bytes[bit / 8] = old;
    }
}

static void test_damage(void **state)
{
    (void)state;
    damage(DATA "x25519.age", DATA "ours.key", false);
    damage(DATA "two.age", DATA "ours.key", false);
    damage(DATA "ssh.age", DATA "ssh.key", false);
    damage(DATA "empty.age", DATA "ours.key", false);
    damage(DATA "armored.age", DATA "ours.key", true);
}

/* Files that end at each byte around the place where their second chunk begins. What is read last
 * there is shorter than a seal. */
static void test_chunk_edges(void **state)
{
    (void)state;
    auto_identities identities = identities_of(DATA "ours.key");
    auto_secret file = file_of(DATA "more.age");
    for (size_t missing = 1; missing < 40; missing++) {
        struct outcome outcome = decrypt(&identities, file.bytes, file.length - missing);
        assert_contains(outcome.error.text, "the payload of \"file\" is damaged");
        /* Its second chunk is 17 bytes; the empty rest of one, and half a seal, are told apart. */
        assert_int_equal(outcome.fault,
                         missing == 1 || missing > 17 ? FAULT_TAMPERED : FAULT_CORRUPT);
    }
}

/* A header without an end, and a file without one. */
static void test_limits(void **state)
{
    (void)state;
    auto_identities identities = identities_of(DATA "ours.key");
    auto_secret file = secret_new(AGE_LARGEST + 1);
    size_t used = strlen(HEADER);
    memcpy(file.bytes, HEADER, used);
    struct outcome outcome = decrypt(&identities, file.bytes, AGE_LARGEST + 1);
    assert_int_equal(outcome.fault, FAULT_REFUSED);
    memset(file.bytes + strlen(HEADER), 'x', AGE_LARGEST - strlen(HEADER));
    memcpy(file.bytes + strlen(HEADER), "-> ", 3);
    outcome = decrypt(&identities, file.bytes, AGE_LARGEST);
    assert_contains(outcome.error.text, "it is longer than 64 KiB");
    used = strlen(HEADER);
    for (int i = 0; i < 1025; i++, used += 6)
        memcpy(file.bytes + used, "-> x\n\n", 6);
    outcome = decrypt(&identities, file.bytes, AGE_LARGEST);
    assert_contains(outcome.error.text, "more than 1024 recipients");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decrypts),    cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_remedies),    cmocka_unit_test(test_damage),
        cmocka_unit_test(test_chunk_edges), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
