/* Files of others: C2SP's vectors of age, and what agenix, SOPS and sops-nix show as examples. */

#include "secrets/testing.h"

#include <errno.h>
#include <json-c/json.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <zlib.h>

static char *vectors; /* NULL: not there */

struct vector {
    char expect[32], payload[2 * SHA256_DIGEST_LENGTH + 1];
    bool armored, compressed, hybrid;
    struct identities identities;
    struct secret file;
};

static struct secret inflated(const unsigned char *bytes, size_t length)
{
    size_t room = AGE_LARGEST;
    struct secret file = secret_new(room);
    assert_int_equal(uncompress(file.bytes, &room, bytes, length), Z_OK);
    file.length = room;
    return file;
}

static void take_line(struct vector *vector, const char *line)
{
    struct error error;
    if (sscanf(line, "expect: %31[^\n]", vector->expect) == 1 ||
        sscanf(line, "payload: %64s", vector->payload) == 1)
        return;
    if (strncmp(line, "armored: ", 9) == 0)
        vector->armored = true;
    if (strncmp(line, "compressed: ", 12) == 0)
        vector->compressed = true;
    if (strncmp(line, "passphrase: ", 12) == 0)
        add_passphrase(&vector->identities, line + 12);
    if (strncmp(line, "identity: AGE-SECRET-KEY-PQ-", 28) == 0) {
        vector->hybrid = true;
    } else if (strncmp(line, "identity: ", 10) == 0) {
        auto_secret text = secret_copy(line + 10, strlen(line + 10));
        assert_int_equal(identities_read(&vector->identities, "identity", &text, &error), 0);
    }
}

static void read_vector(const char *name, struct vector *vector)
{
    auto_secret text = file_of("%s/cctv-age/%s", vectors, name);
    char *at = (char *)text.bytes, *end = at + text.length;
    while (at < end && *at != '\n') {
        char *feed = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(feed);
        *feed = '\0';
        take_line(vector, at);
        at = feed + 1;
    }
    at++;
    size_t length = (size_t)(end - at);
    vector->file =
        vector->compressed ? inflated((unsigned char *)at, length) : secret_copy(at, length);
}

/* What is no age file at all fails at the layer that the vector is about. */
static const char *class_of(const struct vector *vector, enum fault fault, const char *sentence)
{
    if (strstr(sentence, "is no age file") && fault == FAULT_CORRUPT)
        return vector->armored ? "armor failure" : "header failure";
    if (strstr(sentence, "the armor of") && fault == FAULT_CORRUPT)
        return "armor failure";
    if (strstr(sentence, "the header of") && (fault == FAULT_CORRUPT || fault == FAULT_REFUSED))
        return "header failure";
    if (strstr(sentence, "the MAC of") && fault == FAULT_TAMPERED)
        return "HMAC failure";
    if (strstr(sentence, "the payload of") && (fault == FAULT_CORRUPT || fault == FAULT_TAMPERED))
        return "payload failure";
    return fault == FAULT_NO_MATCH || fault == FAULT_UNSUPPORTED ? "no match" : "another fault";
}

static void check_payload(const char *name, const struct vector *vector, const struct secret *plain)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char hex[2 * sizeof(hash) + 1];
    SHA256(plain->bytes, plain->length, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    if (strcmp(hex, vector->payload) != 0)
        fail_msg("%s: another payload, of %zu bytes", name, plain->length);
}

static void check_vector(const char *name, const struct vector *vector)
{
    auto_secret plain = {0};
    enum fault fault = FAULT_NONE;
    struct error error = {0};
    int code = age_decrypt(&vector->identities, name, vector->file.bytes, vector->file.length,
                           &plain, &fault, &error);
    const char *class = code ? class_of(vector, fault, error.text) : "success";
    if (strcmp(class, vector->expect) != 0)
        fail_msg("%s: %s, not %s: %s", name, class, vector->expect, error.text);
    if (code == 0)
        check_payload(name, vector, &plain);
    else
        assert_null(plain.bytes);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void test_cctv(void **state)
{
    (void)state;
    struct dirent **entries;
    size_t checked = 0, hybrid = 0;
    if (!vectors)
        return;
    auto_string folder = NULL;
    assert_true(asprintf(&folder, "%s/cctv-age", vectors) > 0);
    int count = scandir(folder, &entries, visible, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        struct vector vector = {0};
        read_vector(entries[i]->d_name, &vector);
        if (!vector.hybrid)
            check_vector(entries[i]->d_name, &vector);
        *(vector.hybrid ? &hybrid : &checked) += 1;
        identities_free(&vector.identities);
        secret_free(&vector.file);
        free(entries[i]);
    }
    free(entries);
    assert_int_equal(checked, 124);
    assert_int_equal(hybrid, 19);
}

/* `expected` is base64, or "no match". */
static void check_agenix(const char *key, const char *file, const char *expected)
{
    auto_identities identities = {0};
    auto_secret plain = {0}, sealed = file_of("%s/agenix/%s", vectors, file);
    auto_string path = NULL;
    enum fault fault = FAULT_NONE;
    struct error error;
    assert_true(asprintf(&path, "%s/agenix/%s", vectors, key) > 0);
    add_identities(&identities, path);
    int code = age_decrypt(&identities, file, sealed.bytes, sealed.length, &plain, &fault, &error);
    if (strcmp(expected, "no match") == 0) {
        assert_true(code < 0);
        assert_int_equal(fault, FAULT_NO_MATCH);
        return;
    }
    if (code)
        fail_msg("%s", error.text);
    unsigned char *text = calloc(1, plain.length / 3 * 4 + 8);
    EVP_EncodeBlock(text, plain.bytes, (int)plain.length);
    assert_string_equal((char *)text, expected);
    free(text);
}

static void test_agenix(void **state)
{
    (void)state;
    size_t checked = 0;
    if (!vectors)
        return;
    auto_secret text = file_of("%s/agenix-expected.json", vectors);
    struct json_object *rows = json_tokener_parse((char *)text.bytes);
    assert_non_null(rows);
    json_object_object_foreach(rows, pair, expected)
    {
        char key[64], file[64];
        assert_int_equal(sscanf(pair, "%63s %63s", key, file), 2);
        check_agenix(key, file, json_object_get_string(expected));
        checked++;
    }
    assert_int_equal(checked, 6); /* two keys, three files */
    json_object_put(rows);
}

static void test_keysource(void **state)
{
    (void)state;
    static const struct {
        const char *file, *key, *begins;
    } rows[] = {
        {"x25519.age", "x25519.key", "data"},
        {"ssh-ed25519.age", "ssh-ed25519.key", "data"},
        {"scrypt18-identity.age", NULL, "# created: "},
    };
    if (!vectors)
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        auto_identities identities = {0};
        auto_secret plain = {0}, sealed = file_of("%s/keysource/%s", vectors, rows[i].file);
        auto_string path = NULL;
        enum fault fault;
        struct error error;
        assert_true(asprintf(&path, "%s/keysource/%s", vectors, rows[i].key) > 0);
        if (rows[i].key)
            add_identities(&identities, path);
        else
            add_passphrase(&identities, "passphrase");
        if (age_decrypt(&identities, rows[i].file, sealed.bytes, sealed.length, &plain, &fault,
                        &error))
            fail_msg("%s", error.text);
        assert_memory_equal(plain.bytes, rows[i].begins, strlen(rows[i].begins));
        if (rows[i].key)
            continue;
        assert_int_equal(identities_read(&identities, path, &sealed, &error), -ENOKEY);
        assert_int_equal(identities_read(&identities, path, &plain, &error), 0);
        assert_int_equal(identities.count, 2);
    }
}

/* The same recipient as ssh-to-age computes, which the file is encrypted to. */
static void test_ssh_to_age(void **state)
{
    (void)state;
    if (!vectors)
        return;
    static const char *const keys[] = {"age-keys.txt", "ssh-ed25519-key"};
    auto_secret file = file_of("%s/sops-nix/secrets.yaml", vectors);
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        auto_identities identities = {0};
        auto_string path = NULL;
        assert_true(asprintf(&path, "%s/sops-nix/%s", vectors, keys[i]) > 0);
        add_identities(&identities, path);
        auto_string recipient = identity_recipient(&identities.items[identities.count - 1]);
        assert_memory_equal(recipient, "age1", 4);
        assert_contains((char *)file.bytes, recipient);
        if (i == 0)
            assert_string_equal(recipient,
                                "age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cctv),
        cmocka_unit_test(test_agenix),
        cmocka_unit_test(test_keysource),
        cmocka_unit_test(test_ssh_to_age),
    };
    vectors = find_vectors();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(vectors);
    return failed;
}
