/* Files with private keys, and what stands in them instead. */

#include "secrets/testing.h"

#include <errno.h>

#define DATA "secrets/testdata/"
/* That of sops-nix's tests, which is public. */
#define KEY "AGE-SECRET-KEY-1NJT5YCS2LWU4V4QAJQ6R4JNU7LXPDX602DZ9NUFANVU5GDTGUWCQ5T59M6"
#define KEY_LOWER "age-secret-key-1njt5ycs2lwu4v4qajq6r4jnu7lxpdx602dz9nufanvu5gdtguwcq5t59m6"
#define RECIPIENT "age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw"
#define REMEDY "; make one with age-keygen, or use an SSH key of type ed25519"

static int read_text(const char *text, size_t length, struct identities *identities,
                     struct error *error)
{
    auto_secret copy = secret_copy(text, length);
    return identities_read(identities, "file", &copy, error);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *message;
    } rows[] = {
        {KEY, 1, NULL},
        {KEY_LOWER "\n", 1, NULL},
        {"# created: today\n\n" KEY "\r\n" KEY "\n", 2, NULL},
        {"AGE-SECRET-KEY-PQ-1QQQQ\nwhat\n" KEY "\n", 1, NULL},
        {"", 0, "\"file\" holds no identity" REMEDY},
        {"# nothing\n", 0, "\"file\" holds no identity" REMEDY},
        {"AGE-SECRET-KEY-PQ-1QQQQ\n", 0,
         "\"file\" holds no identity: line 1 is a post-quantum key, which Ebb cannot "
         "use" REMEDY},
        {"AGE-PLUGIN-YUBIKEY-1QQQQ\n", 0,
         "\"file\" holds no identity: line 1 is a key of a plugin of age, which Ebb cannot "
         "use" REMEDY},
        {"AGE-SECRET-KEY-1NJT5\n", 0,
         "\"file\" holds no identity: line 1 is a key of age with a mistake in it" REMEDY},
        {"age" KEY "\n", 0, "\"file\" holds no identity: line 1 is no key of age" REMEDY},
        {" " KEY "\n", 0, "\"file\" holds no identity: line 1 is no key of age" REMEDY},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        auto_identities identities = {0};
        struct error error = {0};
        int code = read_text(rows[i].text, strlen(rows[i].text), &identities, &error);
        assert_string_equal(error.text, rows[i].message ? rows[i].message : "");
        assert_int_equal(code, rows[i].message ? -EINVAL : 0);
        assert_int_equal(identities.count, rows[i].count);
        for (size_t j = 0; j < identities.count; j++) {
            auto_string recipient = identity_recipient(&identities.items[j]);
            assert_string_equal(recipient, RECIPIENT);
        }
    }
}

/* Every character counts, in both cases of letters. */
static void test_bech32(void **state)
{
    (void)state;
    char text[] = KEY;
    for (size_t i = 0; i < strlen(KEY); i++)
        for (int c = 1; c < 256; c++) {
            auto_identities identities = {0};
            struct error error;
            text[i] = (char)c;
            int code = read_text(text, strlen(KEY), &identities, &error);
            assert_int_equal(code == 0, text[i] == KEY[i]);
            text[i] = KEY[i];
        }
}

static void test_encrypted(void **state)
{
    (void)state;
    auto_identities identities = {0};
    struct error error;
    auto_secret file = file_of(DATA "passphrase.age");
    assert_int_equal(identities_read(&identities, "file", &file, &error), -ENOKEY);
    assert_string_equal(error.text, "the identities in \"file\" are encrypted themselves; its "
                                    "passphrase is needed");
    assert_int_equal(identities.count, 0);
}

static void test_ssh(void **state)
{
    (void)state;
    static const struct {
        const char *file, *message;
    } rows[] = {
        {DATA "locked.key",
         "the SSH key \"file\" has a passphrase, which nobody could enter; remove it with "
         "ssh-keygen -p, or use a key of age"},
        {DATA "rsa.key",
         "the SSH key \"file\" is not of type ed25519, the only one of SSH that Ebb uses"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        auto_identities identities = {0};
        struct error error;
        auto_secret file = file_of("%s", rows[i].file);
        assert_int_equal(identities_read(&identities, "file", &file, &error), -EINVAL);
        assert_string_equal(error.text, rows[i].message);
        assert_int_equal(identities.count, 0);
    }
}

/* Changed bits are found, but for those of the comment and of two numbers that only have to be the
 * same; so at least nothing else comes out of it than the key. */
static void test_ssh_damage(void **state)
{
    (void)state;
    auto_secret file = file_of(DATA "ssh.key");
    auto_identities whole = {0};
    struct error error;
    size_t accepted = 0;
    assert_int_equal(identities_read(&whole, "file", &file, &error), 0);
    assert_int_equal(whole.count, 2);
    for (size_t length = 0; length + 1 < file.length; length++) {
        auto_identities identities = {0};
        assert_true(read_text((char *)file.bytes, length, &identities, &error) < 0);
    }
    for (size_t bit = 0; bit < file.length * 8; bit++) {
        auto_identities identities = {0};
        unsigned char old = file.bytes[bit / 8];
        file.bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        if (identities_read(&identities, "file", &file, &error) == 0) {
            accepted++;
            assert_int_equal(identities.count, 2);
            assert_memory_equal(identities.items[0].secret.bytes, whole.items[0].secret.bytes, 32);
            assert_memory_equal(identities.items[0].ed25519, whole.items[0].ed25519, 32);
        }
        file.bytes[bit / 8] = old;
    }
    assert_in_range(accepted, 1, 30 * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_bech32),
        cmocka_unit_test(test_encrypted),  cmocka_unit_test(test_ssh),
        cmocka_unit_test(test_ssh_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
