/* Whole files of SOPS, as they were before they were encrypted. */
#include "secrets/sops_testing.h"

#include "secrets/tree.h"

static struct secret write_ours(const char *name)
{
    auto_secret key = {0};
    auto_secret text = read_ours(name, &key);
    auto_sops sops = {0};
    enum fault fault;
    struct error error;
    struct secret written;
    if (open_text(&key, name, sops_format_of(name), (const char *)text.bytes, text.length, &sops,
                  &fault, &error) < 0)
        fail_msg("%s: %s", name, error.text);
    sops_write(&sops, sops_format_of(name), &written);
    assert_int_equal(strlen((const char *)written.bytes) == written.length,
                     memchr(written.bytes, 0, written.length) == NULL);
    return written;
}

static void assert_written(const char *name, const char *expected)
{
    auto_secret written = write_ours(name);
    assert_string_equal((const char *)written.bytes, expected);
}

static void test_yaml(void **state)
{
    (void)state;
    assert_written("types.yaml", "\"int\": 42\n"
                                 "\"negative\": -7\n"
                                 "\"octal\": 15\n"
                                 "\"large\": 9223372036854775807\n"
                                 "\"float\": 25.4\n"
                                 "\"whole\": 3\n"
                                 "\"huge\": 1000000000000000000000\n"
                                 "\"tiny\": 0.00000015\n"
                                 "\"yes\": true\n"
                                 "\"no\": false\n"
                                 "\"word\": \"yes\"\n"
                                 "\"date\": 2024-01-01T00:00:00Z\n"
                                 "\"time\": 2024-02-29T12:34:56.789+01:00\n"
                                 "\"nothing\": null\n"
                                 "\"empty\": \"\"\n"
                                 "\"block\": \"two\\nlines\\n\"\n"
                                 "\"text\": \"quote \\\" and ü\"\n"
                                 "\"list\":\n"
                                 "    - \"one\"\n"
                                 "    -\n"
                                 "        - \"two\"\n"
                                 "        - \"three\"\n"
                                 "    -\n"
                                 "        \"key\": \"four\"\n"
                                 "        \"list\":\n"
                                 "            - 5\n"
                                 "            - 6.5\n"
                                 "\"nested\":\n"
                                 "    \"deep\":\n"
                                 "        \"er\": \"value\"\n"
                                 "\"a/b\": \"slash\"\n"
                                 "\"emptylist\": []\n"
                                 "\"emptymap\": {}\n");
    assert_written("documents.yaml", "\"a\": \"one\"\n");
}

static void test_json(void **state)
{
    (void)state;
    assert_written("types.json", "{\n"
                                 "    \"s\": \"tab\\t<&>ü😀\",\n"
                                 "    \"i\": 12345678901234567000,\n"
                                 "    \"f\": 1.5,\n"
                                 "    \"n\": null,\n"
                                 "    \"plain_unencrypted\": [\n"
                                 "        1,\n"
                                 "        2.5,\n"
                                 "        1000,\n"
                                 "        true,\n"
                                 "        \"x\",\n"
                                 "        null,\n"
                                 "        0,\n"
                                 "        9007199254740993\n"
                                 "    ],\n"
                                 "    \"o\": {\n"
                                 "        \"k\": [\n"
                                 "            \"v\"\n"
                                 "        ]\n"
                                 "    }\n"
                                 "}\n");
}

static void test_lines(void **state)
{
    (void)state;
    assert_written("types.env", "A=one\nMULTI=two\\nlines\nQUOTED=\"three\"\nEMPTY=\n"
                                "CLEAR_unencrypted=a=b\n");
    assert_written("types.ini", "top = level\n"
                                "\n[first]\n"
                                "key = value\n"
                                "hash = `a#b;c`\n"
                                "multi = \"\"\"two\nlines\"\"\"\n"
                                "\n[second section]\n"
                                "clear_unencrypted = `\"a`\n"
                                "empty = \n");
    auto_secret binary = write_ours("whole.bin");
    assert_int_equal(binary.length, 9);
    assert_memory_equal(binary.bytes, "binary\0\377\n", 9);
}

/* Whatever a string holds, a reader finds it again. */
static void test_strings(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    char all[256];
    for (unsigned i = 0; i < 255; i++)
        all[i] = (char)(i < 127 ? i + 1 : 'a');
    all[255] = '\0';
    struct node value = {.kind = NODE_SCALAR, .key = "\"key\\: {"}, list = value;
    list = (struct node){.kind = NODE_MAPPING, .first = &value, .last = &value};
    struct sops_leaf leaf = {.key = "k", .value = {(unsigned char *)all, 255}};
    const struct sops sops = {.leaves = &leaf, .count = 1, .document = &list};
    const enum sops_format formats[] = {SOPS_YAML, SOPS_JSON};
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        auto_secret text = {0};
        enum fault fault = FAULT_NONE;
        struct error error = {0};
        struct tree tree = {.arena = arena,
                            .name = "it",
                            .fault = &fault,
                            .error = &error,
                            .documents = {.kind = NODE_LIST}};
        sops_write(&sops, formats[i], &text);
        int code = formats[i] == SOPS_YAML
                       ? read_yaml(&tree, (const char *)text.bytes, text.length)
                       : read_json(&tree, (const char *)text.bytes, text.length);
        if (code < 0)
            fail_msg("%s\n%s", error.text, text.bytes);
        const struct node *read = tree.documents.first->first;
        assert_string_equal(read->key, value.key);
        assert_int_equal(read->length, 255);
        assert_memory_equal(read->text, all, 255);
        assert_null(read->next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
