/* What SOPS sees in bare words, and which expressions two readers read alike. */

#include "base/testdata/shell.h"

#include <errno.h>

#include "secrets/rule.h"
#include "secrets/scalar.h"

struct example {
    const char *text;
    enum scalar_type type;
    const char *hashed;
};

/* As go-yaml resolves and Go prints them. */
static void test_yaml(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"", SCALAR_NULL, ""},
        {"~", SCALAR_NULL, ""},
        {"Null", SCALAR_NULL, ""},
        {"nULL", SCALAR_STRING, NULL},
        {"TRUE", SCALAR_BOOL, "True"},
        {"tRUE", SCALAR_STRING, NULL},
        {"no", SCALAR_STRING, NULL},
        {"<<", SCALAR_STRING, NULL},
        {"0", SCALAR_INT, "0"},
        {"-0", SCALAR_INT, "0"},
        {"+12", SCALAR_INT, "12"},
        {"1_0_0", SCALAR_INT, "100"},
        {"0777", SCALAR_INT, "511"},
        {"0o17", SCALAR_INT, "15"},
        {"0xFf", SCALAR_INT, "255"},
        {"-0b11", SCALAR_INT, "-3"},
        {"0x", SCALAR_STRING, NULL},
        {"0x0x1", SCALAR_STRING, NULL},
        {"0b12", SCALAR_STRING, NULL},
        {"- 1", SCALAR_STRING, NULL},
        {"--1", SCALAR_STRING, NULL},
        {"1-2", SCALAR_STRING, NULL},
        {"089", SCALAR_FLOAT, "89"},
        {"9223372036854775807", SCALAR_INT, "9223372036854775807"},
        {"-9223372036854775808", SCALAR_INT, "-9223372036854775808"},
        {"-9223372036854775809", SCALAR_FLOAT, "-9223372036854776000"},
        {"18446744073709551616", SCALAR_FLOAT, "18446744073709552000"},
        {"1.50", SCALAR_FLOAT, "1.5"},
        {".5", SCALAR_FLOAT, "0.5"},
        {"5.", SCALAR_FLOAT, "5"},
        {"0.1", SCALAR_FLOAT, "0.1"},
        {"-0.0", SCALAR_FLOAT, "-0"},
        {"100.25", SCALAR_FLOAT, "100.25"},
        {"1e21", SCALAR_FLOAT, "1000000000000000000000"},
        {"5.684341886080802e-14", SCALAR_FLOAT, "0.00000000000005684341886080802"},
        {"1e-7", SCALAR_FLOAT, "0.0000001"},
        {"1e999", SCALAR_STRING, NULL},
        {"1e", SCALAR_STRING, NULL},
        {".", SCALAR_STRING, NULL},
        {"1.2.3", SCALAR_STRING, NULL},
        {"-.INF", SCALAR_FLOAT, "-Inf"},
        {".nan", SCALAR_FLOAT, "NaN"},
        {"2024-01-02", SCALAR_TIME, "2024-01-02T00:00:00Z"},
        {"2024-2-29", SCALAR_TIME, "2024-02-29T00:00:00Z"},
        {"2023-02-29", SCALAR_STRING, NULL},
        {"2024-13-01", SCALAR_STRING, NULL},
        {"2024-01-02T03:04:05Z", SCALAR_TIME, "2024-01-02T03:04:05Z"},
        {"2024-01-02t3:4:5.600+00:00", SCALAR_TIME, "2024-01-02T03:04:05.6Z"},
        {"2024-01-02 03:04:05.123456789", SCALAR_TIME, "2024-01-02T03:04:05.123456789Z"},
        {"2024-01-02T03:04:05-01:30", SCALAR_TIME, "2024-01-02T03:04:05-01:30"},
        {"2024-01-02T03:04:05", SCALAR_STRING, NULL},
        {"2024-01-02 03:04:05Z", SCALAR_STRING, NULL},
        {"2024-01-02x", SCALAR_STRING, NULL},
    };
    auto_arena arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        struct node node = {.text = examples[i].text, .length = strlen(examples[i].text)};
        assert_int_equal(scalar_resolve(arena, &node), 0);
        bool same = node.hashed && examples[i].hashed ? strcmp(node.hashed, examples[i].hashed) == 0
                                                      : node.hashed == examples[i].hashed;
        if (node.type != examples[i].type || !same)
            fail_msg("%s is %d, %s", examples[i].text, node.type, node.hashed);
    }
    struct node large = {.text = "9223372036854775808", .length = 19};
    assert_int_equal(scalar_resolve(arena, &large), -ERANGE);
}

static void test_json(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"1", SCALAR_INT, "1"},
        {"-0", SCALAR_INT, "0"},
        {"9223372036854775807", SCALAR_INT, "9223372036854775807"},
        {"9223372036854775808", SCALAR_FLOAT, "9223372036854776000"},
        {"1.0", SCALAR_FLOAT, "1"},
        {"12e-1", SCALAR_FLOAT, "1.2"},
    };
    auto_arena arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        struct node node = {.text = examples[i].text, .length = strlen(examples[i].text)};
        assert_int_equal(scalar_number(arena, &node), 0);
        assert_int_equal(node.type, examples[i].type);
        assert_string_equal(node.hashed, examples[i].hashed);
    }
    struct node large = {.text = "1e999", .length = 5};
    assert_int_equal(scalar_number(arena, &large), -ERANGE);
}

static void test_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *yes, *no; /* no NULL: it is refused */
    } examples[] = {
        {"^(data|stringData)$", "data", "metadata"},
        {"pass", "a pass b", "PASS"},
        {"^a.+b?[^]x-]$", "aq0", "aq]"},
        {"[[:digit:]]+$", "a1", "a1b"},
        {"^a\\.b\\$$", "a.b$", "axb$"},
        {"x|", "anything", NULL},
        {"(?i)a", NULL, NULL},
        {"\\d", NULL, NULL},
        {"a\\bb", NULL, NULL},
        {"\\<a", NULL, NULL},
        {"[\\w]", NULL, NULL},
        {"[[.a.]]", NULL, NULL},
        {"a+?", NULL, NULL},
        {"*a", NULL, NULL},
        {"(*a)", NULL, NULL},
        {"a|*b", NULL, NULL},
        {"a{3}", NULL, NULL},
        {"\xc3\xbc", NULL, NULL},
        {"(a", NULL, NULL},
        {"[a", NULL, NULL},
        {"a\\", NULL, NULL},
    };
    auto_arena arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        enum fault fault = FAULT_NONE;
        struct error error;
        struct tree tree = {.arena = arena, .name = "f", .fault = &fault, .error = &error};
        struct metadata metadata = {.rule = RULE_ENCRYPTED_REGEX,
                                    .pattern = examples[i].expression};
        auto_rule rule = {0};
        int code = rule_make(&tree, &metadata, &rule);
        if ((code == 0) != (examples[i].yes != NULL))
            fail_msg("%s: %d", examples[i].expression, code);
        if (code < 0)
            continue;
        assert_true(rule_matches(&rule, examples[i].yes));
        assert_true(rule_encrypts(&rule, true) && !rule_encrypts(&rule, false));
        if (examples[i].no && rule_matches(&rule, examples[i].no))
            fail_msg("%s matches %s", examples[i].expression, examples[i].no);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
