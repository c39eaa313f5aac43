/* Files of SOPS below their data key: all that others made, and those that the script beside ours
 * made with the real sops. */

#include "secrets/sops_testing.h"

#include <errno.h>
#include <json-c/json.h>
#include <openssl/evp.h>

static char *vectors; /* NULL: not there */

struct expected {
    const char *key, *value;
    bool plain;
};

static void assert_leaves(const char *name, const struct sops *sops,
                          const struct expected *expected, size_t count)
{
    for (size_t i = 0; i < sops->count || i < count; i++) {
        if (i >= sops->count || i >= count)
            fail_msg("%s: %zu leaves, not %zu", name, sops->count, count);
        const struct sops_leaf *leaf = &sops->leaves[i];
        if (strcmp(leaf->key, expected[i].key) != 0 ||
            strcmp((const char *)leaf->value.bytes, expected[i].value) != 0 ||
            leaf->encrypted == expected[i].plain)
            fail_msg("%s: %s is \"%s\" (%d), not %s \"%s\"", name, leaf->key, leaf->value.bytes,
                     leaf->encrypted, expected[i].key, expected[i].value);
        assert_ptr_equal(sops_find(sops, leaf->key), leaf);
    }
}

static void open_ours(const char *name, const struct expected *expected, size_t count)
{
    auto_secret key = {0};
    auto_secret text = read_ours(name, &key);
    auto_sops sops = {0};
    enum fault fault;
    struct error error;
    if (open_text(&key, name, sops_format_of(name), (const char *)text.bytes, text.length, &sops,
                  &fault, &error) < 0)
        fail_msg("%s: %s", name, error.text);
    assert_leaves(name, &sops, expected, count);
}
#define OPEN_OURS(name, ...)                                                                       \
    do {                                                                                           \
        static const struct expected expected_[] = {__VA_ARGS__};                                  \
        open_ours(name, expected_, ARRAY_LENGTH(expected_));                                       \
    } while (0)

static void test_types(void **state)
{
    (void)state;
    OPEN_OURS("types.yaml", {"int", "42", 0}, {"negative", "-7", 0}, {"octal", "15", 0},
              {"large", "9223372036854775807", 0}, {"float", "25.4", 0}, {"whole", "3", 0},
              {"huge", "1000000000000000000000", 0}, {"tiny", "0.00000015", 0}, {"yes", "True", 0},
              {"no", "False", 0}, {"word", "yes", 0}, {"date", "2024-01-01T00:00:00Z", 0},
              {"time", "2024-02-29T12:34:56.789+01:00", 0}, {"nothing", "", 1}, {"empty", "", 1},
              {"block", "two\nlines\n", 0}, {"text", "quote \" and ü", 0}, {"list/0", "one", 0},
              {"list/1/0", "two", 0}, {"list/1/1", "three", 0}, {"list/2/key", "four", 0},
              {"list/2/list/0", "5", 0}, {"list/2/list/1", "6.5", 0},
              {"nested/deep/er", "value", 0}, {"a/b", "slash", 0});
    OPEN_OURS("types.json", {"s", "tab\t<&>ü😀", 0}, {"i", "12345678901234567000", 0},
              {"f", "1.5", 0}, {"n", "", 1}, {"plain_unencrypted/0", "1", 1},
              {"plain_unencrypted/1", "2.5", 1}, {"plain_unencrypted/2", "1000", 1},
              {"plain_unencrypted/3", "true", 1}, {"plain_unencrypted/4", "x", 1},
              {"plain_unencrypted/5", "", 1}, {"plain_unencrypted/6", "0", 1},
              {"plain_unencrypted/7", "9007199254740993", 1}, {"o/k/0", "v", 0});
    OPEN_OURS("types.env", {"A", "one", 0}, {"MULTI", "two\nlines", 0}, {"QUOTED", "\"three\"", 0},
              {"EMPTY", "", 1}, {"CLEAR_unencrypted", "a=b", 1});
    OPEN_OURS("types.ini", {"DEFAULT/top", "level", 0}, {"first/key", "value", 0},
              {"first/hash", "a#b;c", 0}, {"first/multi", "two\nlines", 0},
              {"second section/clear_unencrypted", "\"a", 1}, {"second section/empty", "", 1});
    OPEN_OURS("documents.yaml", {"a", "one", 0});
}

static void test_binary(void **state)
{
    (void)state;
    auto_secret key = {0};
    auto_secret text = read_ours("whole.bin", &key);
    auto_sops sops = {0};
    enum fault fault;
    struct error error;
    assert_int_equal(open_text(&key, "whole.bin", SOPS_BINARY, (const char *)text.bytes,
                               text.length, &sops, &fault, &error),
                     0);
    assert_int_equal(sops.count, 1);
    assert_int_equal(sops_find(&sops, "data")->value.length, 9);
    assert_memory_equal(sops.leaves[0].value.bytes, "binary\0\377\n", 9);
    assert_true(sops.leaves[0].encrypted);
}

#define MIXED_AS_WRITTEN(name)                                                                     \
    {name "/int", "511", 1}, {name "/under", "1000", 1}, {name "/hex", "255", 1},                  \
        {name "/binary", "5", 1}, {name "/float", "1.5", 1}, {name "/exponent", "12000", 1},       \
        {name "/small", "1e-09", 1}, {name "/infinite", "-.inf", 1}, {name "/truth", "true", 1},   \
        {name "/date", "2024-01-02T00:00:00Z", 1}, {name "/time", "2024-01-02T03:04:05.6Z", 1},    \
        {name "/nothing", "", 1}, {name "/text", "0777", 1}, {name "/quoted", "true", 1},          \
        {name "/version", "1.2.3", 1},                                                             \
    {                                                                                              \
        name "/looks", "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]", 1                    \
    }

/* Each says in its own way that the mapping stays as it is; the MAC is made of its types. */
static void test_rules(void **state)
{
    (void)state;
    OPEN_OURS("encrypted_regex.yaml", MIXED_AS_WRITTEN("plain"), {"password", "secret", 0});
    OPEN_OURS("unencrypted_regex.yaml", MIXED_AS_WRITTEN("plain"), {"password", "secret", 0});
    OPEN_OURS("encrypted_suffix.yaml", MIXED_AS_WRITTEN("plain"), {"password_secret", "secret", 0});
    OPEN_OURS("unencrypted_suffix.yaml", MIXED_AS_WRITTEN("plain_clear"),
              {"password", "secret", 0});
    OPEN_OURS("default_suffix.yaml", MIXED_AS_WRITTEN("plain_unencrypted"),
              {"password", "secret", 0});
    OPEN_OURS("mac_only.yaml", MIXED_AS_WRITTEN("plain"), {"password", "secret", 0});
    OPEN_OURS("spellings.yaml", {"plain/int", "0777", 1}, {"plain/under", "1_000", 1},
              {"plain/hex", "0xff", 1}, {"plain/binary", "0b101", 1}, {"plain/float", "1.50", 1},
              {"plain/exponent", "12e3", 1}, {"plain/small", "1e-9", 1},
              {"plain/infinite", "-.inf", 1}, {"plain/truth", "TRUE", 1},
              {"plain/date", "2024-1-2", 1}, {"plain/time", "2024-01-02 03:04:05.600", 1},
              {"plain/nothing", "", 1}, {"plain/text", "0777", 1}, {"plain/quoted", "true", 1},
              {"plain/version", "1.2.3", 1},
              {"plain/looks", "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]", 1},
              {"password", "secret", 0});
}

static const char *text_of(struct json_object *object, const char *key)
{
    return json_object_get_string(json_object_object_get(object, key));
}

/* What the cipher binds to a value: its names without the numbers of items. */
static void assert_bound(const char *key, const char *bound)
{
    char names[TREE_LONGEST_KEY] = "", parts[TREE_LONGEST_KEY], *rest = parts;
    snprintf(parts, sizeof(parts), "%s", key);
    for (char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/"))
        if (strspn(part, "0123456789") < strlen(part))
            snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                     *names ? ":" : "", part);
    assert_string_equal(names, bound);
}

/* Base64 of json without padding trouble: openssl's own, and what it adds is cut off. */
static struct secret from_base64(const char *text)
{
    struct secret bytes = secret_new(strlen(text) / 4 * 3);
    int length = EVP_DecodeBlock(bytes.bytes, (const unsigned char *)text, (int)strlen(text));
    assert_true(length >= 0);
    for (const char *end = text + strlen(text); end > text && end[-1] == '='; end--)
        length--;
    bytes.length = (size_t)length;
    return bytes;
}

static void assert_vector(const char *name, struct json_object *facts)
{
    auto_secret text = file_of("%s/%s", vectors, name);
    auto_secret key = from_hex(text_of(facts, "data_key_hex"));
    auto_sops sops = {0};
    enum fault fault;
    struct error error;
    enum sops_format format = sops_format_of(name);
    if (strcmp(text_of(facts, "format"), "binary") == 0)
        format = SOPS_BINARY;
    int code =
        open_text(&key, name, format, (const char *)text.bytes, text.length, &sops, &fault, &error);
    if (strcmp(text_of(facts, "mac"), "ok") != 0) {
        assert_int_equal(fault, FAULT_TAMPERED);
        return;
    }
    if (code < 0)
        fail_msg("%s: %s", name, error.text);
    struct json_object *leaves = json_object_object_get(facts, "leaves");
    assert_int_equal(sops.count, json_object_array_length(leaves));
    for (size_t i = 0; i < sops.count; i++) {
        struct json_object *leaf = json_object_array_get_idx(leaves, i);
        auto_secret value = from_base64(text_of(leaf, "value_b64"));
        assert_bound(sops.leaves[i].key, text_of(leaf, "path"));
        assert_int_equal(sops.leaves[i].value.length, value.length);
        assert_memory_equal(sops.leaves[i].value.bytes, value.bytes, value.length);
    }
}

static void test_files_of_others(void **state)
{
    (void)state;
    if (!vectors) /* no part of the repository, and nothing that MUST_WORK could have installed */
        return;
    char path[4096];
    size_t right = 0, without_mac = 0;
    snprintf(path, sizeof(path), "%s/sops-expected.json", vectors);
    struct json_object *files = json_object_from_file(path);
    assert_non_null(files);
    json_object_object_foreach(files, name, facts)
    {
        assert_vector(name, facts);
        if (strcmp(text_of(facts, "mac"), "ok") == 0)
            right++;
        else
            without_mac++;
    }
    json_object_put(files);
    assert_int_equal(right, 13);
    assert_int_equal(without_mac, 1);
}

static void test_value(void **state)
{
    (void)state;
    static const char text[] = "ENC[AES256_GCM,data:oYyi,iv:MyIDYbT718JRr11QtBkcj3Dwm4k1aCGZBVeZf0"
                               "EyV8o=,tag:t5z2Z023Up0kxwCgw1gNxg==,type:str]";
    unsigned char key[CIPHER_KEY];
    memset(key, 'f', sizeof(key));
    auto_secret plain = {0};
    assert_int_equal(cipher_open(key, text, strlen(text), "bar:", &plain), 0);
    assert_string_equal((const char *)plain.bytes, "foo");
    secret_free(&plain);
    assert_int_equal(cipher_open(key, text, strlen(text), "", &plain), -EBADMSG);
    key[0] ^= 1;
    assert_int_equal(cipher_open(key, text, strlen(text), "bar:", &plain), -EBADMSG);
    for (size_t length = 0; length < strlen(text); length++)
        assert_int_equal(cipher_open(key, text, length, "bar:", &plain), -EINVAL);
    assert_null(plain.bytes);
}

int main(void)
{
    auto_string folder = vectors = find_vectors();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types), cmocka_unit_test(test_binary),
        cmocka_unit_test(test_rules), cmocka_unit_test(test_files_of_others),
        cmocka_unit_test(test_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
