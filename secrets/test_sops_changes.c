/* What somebody without the key may make of a file of SOPS: another one, a broken one, a bomb. */

#include "secrets/sops_testing.h"

/* Puts `new` in the place of `old` in a text; for free(3). */
static char *changed(const char *text, const char *old, const char *new)
{
    char *result;
    const char *found = strstr(text, old);
    if (!found)
        fail_msg("there is no %s", old);
    assert_true(asprintf(&result, "%.*s%s%s", (int)(found - text), text, new, found + strlen(old)) >
                0);
    return result;
}

struct change {
    const char *file, *old, *new;
    enum fault fault;
    const char *message; /* NULL: it is accepted */
};

static void play(const struct change *change)
{
    auto_secret key = {0};
    auto_secret text = read_ours(change->file, &key);
    auto_string other = changed((const char *)text.bytes, change->old, change->new);
    auto_sops sops = {0};
    enum fault fault;
    struct error error;
    int code = open_text(&key, "f", sops_format_of(change->file), other, strlen(other), &sops,
                         &fault, &error);
    if (code == 0 && change->message)
        fail_msg("%s, %s: was accepted", change->file, change->new);
    if (code < 0 && (!change->message || strcmp(error.text, change->message) != 0))
        fail_msg("%s, %s:\n%s", change->file, change->new, error.text);
    assert_int_equal(fault, change->fault);
    /* Neither a value nor a ciphertext is in a message. */
    assert_null(strstr(error.text, "ENC["));
    assert_null(strstr(error.text, "secret\""));
}

#define TWICE(line, key, first)                                                                    \
    "\"f\", line " line ": the key \"" key "\" stands there twice, first in line " first           \
    ", and readers differ in which they take; remove one"
#define MAC_FAILED                                                                                 \
    "\"f\" was changed by somebody without the key: values were added, removed or put in another " \
    "order; restore it"
#define MOVED(line, key)                                                                           \
    "\"f\", line " line ": the value of \"" key "\" was changed or moved by somebody without the " \
    "key; restore the file"
#define BARE(line, key)                                                                            \
    "\"f\", line " line ": the value of \"" key "\" should be encrypted and is not; encrypt the "  \
    "file with `sops -e`"

static const struct change changes[] = {
    {"types.yaml", "\nint: ", "\nevil: \"\"\nint: ", FAULT_NONE, NULL},
    {"types.yaml", "\nint: ", "\nevil: null\nint: ", FAULT_NONE, NULL},
    {"types.yaml", "\nint: ", "\nevil: {}\nint: ", FAULT_NONE, NULL},
    {"types.yaml", "\nint: ", "\nevil: []\nint: ", FAULT_NONE, NULL},
    {"types.yaml", "\nint: ", "\nevil_unencrypted: \"\"\nint: ", FAULT_NONE, NULL},
    {"types.yaml", "\nint: ", "\nevil: 1\nint: ", FAULT_CORRUPT, BARE("2", "evil")},
    {"types.yaml", "\nint: ", "\nevil: x\nint: ", FAULT_CORRUPT, BARE("2", "evil")},
    {"types.yaml", "\nint: ", "\nevil_unencrypted: x\nint: ", FAULT_TAMPERED, MAC_FAILED},
    {"types.yaml", "\nint: ", "\nempty: \"\"\nint: ", FAULT_REFUSED, TWICE("17", "empty", "2")},
    {"types.yaml", "\nint: ", "\na/b: \"\"\na:\n  b: \"\"\nint: ", FAULT_REFUSED,
     TWICE("33", "a/b", "2")},
    {"types.yaml", "\nint: ", "\na:\n  b: \"\"\nint: ", FAULT_REFUSED,
     "\"f\" has two values that are both \"a/b\", one with a slash in its name; rename it"},
    {"types.yaml", "\nint: ", "\nother: ", FAULT_TAMPERED, MOVED("2", "other")},
    {"types.yaml", "\nempty: ", "\nfree: ", FAULT_NONE, NULL},
    {"types.yaml", "\nsops:\n", "\n? [x]\n: y\nsops:\n", FAULT_CORRUPT,
     "\"f\", line 33: a key is no string; make it one"},
    {"types.yaml", "\nint: ", "\n1: ''\nint: ", FAULT_CORRUPT,
     "\"f\", line 2: a key is no string; put it in quotes"},
    {"types.yaml", "\nint: ", "\nint: &a ", FAULT_REFUSED,
     "\"f\", line 2: there is an anchor; write what it stands for in its places"},
    {"types.yaml", "nothing: null", "nothing: *a", FAULT_REFUSED,
     "\"f\", line 15: there is an alias; write what it stands for instead"},
    {"types.yaml", "nothing: null", "nothing: !!binary x", FAULT_REFUSED,
     "\"f\", line 15: there is a tag, which Ebb does not read; remove it"},
    {"types.yaml", "nothing: null", "\"a\\nb\": null", FAULT_REFUSED,
     "\"f\", line 15: a key has a control character in it; rename it"},
    {"types.yaml", "nothing: null", "nothing: [", FAULT_CORRUPT,
     "\"f\", line 17: it is no YAML: did not find expected ',' or ']'; restore the file"},
    {"types.yaml", "unencrypted_suffix: _unencrypted", "unencrypted_suffix: t", FAULT_TAMPERED,
     MAC_FAILED},
    {"types.yaml",
     "unencrypted_suffix:", "encrypted_regex: x\n    unencrypted_suffix:", FAULT_CORRUPT,
     "\"f\" has both \"unencrypted_suffix\" and \"encrypted_regex\" in its metadata; SOPS "
     "allows one"},
    {"types.yaml", "unencrypted_suffix:", "mac_only_encrypted: true\n    unencrypted_suffix:",
     FAULT_TAMPERED, MAC_FAILED},
    {"mac_only.yaml", "mac_only_encrypted: true", "mac_only_encrypted: false", FAULT_TAMPERED,
     MAC_FAILED},
    {"mac_only.yaml", "int: 511", "int: 512", FAULT_NONE, NULL},
    {"types.yaml", "lastmodified: \"20", "lastmodified: \"19", FAULT_TAMPERED,
     "\"f\" has another \"mac\" or \"lastmodified\" than it was given; restore it"},
    {"types.yaml", "    mac: ", "    Mac: ", FAULT_TAMPERED,
     "\"f\" has no \"mac\", so that anybody may have changed it; restore the file"},
    {"types.yaml", "\nsops:", "\nsoaps:", FAULT_CORRUPT,
     "\"f\" is no file of SOPS: it has no metadata; encrypt it with `sops -e`"},
    {"types.json", "\n\t\"s\"", "\n\t\"i\": \"\", \"s\"", FAULT_REFUSED, TWICE("3", "i", "2")},
    {"types.json", "\"o\": {", "\"o\": {\"k\": \"\",", FAULT_REFUSED, TWICE("17", "k", "16")},
    {"types.json", "\"n\": null", "\"n\": nul", FAULT_CORRUPT,
     "\"f\", line 5: it is no JSON: a value is missing or none; restore the file"},
    {"types.json", "\"n\": null", "\"n\": 01", FAULT_CORRUPT,
     "\"f\", line 5: it is no JSON: a value is missing or none; restore the file"},
    {"types.json", "\"n\": null", "\"n\": \"\\ud800\"", FAULT_CORRUPT,
     "\"f\", line 5: it is no JSON: a string has a wrong escape in it; restore the file"},
    {"types.json", "\"n\": null", "\"\\u0000\": null", FAULT_REFUSED,
     "\"f\", line 5: a key has a control character in it; rename it"},
    {"types.json", "\t1,\n\t\t2.5,", "\t12.5,", FAULT_NONE, NULL},
    {"types.json", "\t1,\n\t\t2.5,", "\t1, 2.50, ", FAULT_NONE, NULL},
    {"types.json", "\t1,\n\t\t2.5,", "\t2.5, 1,", FAULT_TAMPERED, MAC_FAILED},
    {"types.env", "EMPTY=", "A=", FAULT_REFUSED, TWICE("5", "A", "1")},
    {"types.env", "EMPTY=", "EMPTY", FAULT_CORRUPT,
     "\"f\", line 5: there is no \"=\"; restore the file"},
    {"types.env", "EMPTY=", "EMPTY=x", FAULT_CORRUPT, BARE("5", "EMPTY")},
    {"types.env", "EMPTY=\n", "", FAULT_NONE, NULL},
    {"types.env", "A=ENC[", "A=\n#", FAULT_TAMPERED, MAC_FAILED},
    {"types.env", "A=ENC[", "#", FAULT_TAMPERED, MAC_FAILED},
    {"types.env", "MULTI=", "A\\n=", FAULT_TAMPERED, MOVED("3", "A\\n")},
    {"encrypted_regex.yaml", "int: 511\n    under: 1000", "under: 1000\n    int: 511",
     FAULT_TAMPERED, MAC_FAILED},
    {"encrypted_regex.yaml", "    int: 511", "    other: 511", FAULT_NONE, NULL},
    {"types.env", "CLEAR_unencrypted=a=b", "_unencrypted=a\nb_unencrypted==b", FAULT_NONE, NULL},
    {"types.env", "sops_version=", "sops_mac__map_x=", FAULT_CORRUPT,
     "\"f\" has no usable \"mac\" in its metadata; restore the file, or write it with sops "
     "again"},
    {"types.ini", "[second section]", "[first]", FAULT_REFUSED, TWICE("9", "first", "3")},
    {"types.ini", "empty  ", "clear_unencrypted = \"\"\nempty  ", FAULT_REFUSED,
     TWICE("12", "clear_unencrypted", "11")},
    {"types.ini", "[first]", "[first", FAULT_CORRUPT,
     "\"f\", line 3: a section has no \"]\"; restore the file"},
    {"types.ini", "empty  ", "x = y \\\nempty  ", FAULT_REFUSED,
     "\"f\", line 12: the line ends in a backslash; put the value in backquotes"},
    {"types.ini", "empty  ", "x = `y\nempty  ", FAULT_CORRUPT,
     "\"f\", line 21: a quote does not end; restore the file"},
    {"documents.yaml", "\nb: ", "\nb: \"\"\nb: ", FAULT_REFUSED, TWICE("19", "b", "18")},
    {"go_regex.yaml", "version", "version", FAULT_UNSUPPORTED,
     "\"f\" says by the expression \"(?i)^PASS\\w+$\" what is encrypted, of which Ebb does not "
     "read the part from byte 2 on; write it without \\d, \\b, (?…), braces and repeated "
     "repetition"},
    {"comment_regex.yaml", "version", "version", FAULT_UNSUPPORTED,
     "\"f\" says by comments what is encrypted (encrypted_comment_regex), which Ebb does not "
     "read; use encrypted_regex or a suffix"},
};

/* What SOPS lets pass is refused, or released as what it is: not encrypted. */
static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++)
        play(&changes[i]);
}

/* Empty values that somebody added are there, and told apart. */
static void test_evil_is_plain(void **state)
{
    (void)state;
    static const char *const evils[] = {"\"\"", "null", "{}", "[]"};
    for (size_t i = 0; i < ARRAY_LENGTH(evils); i++) {
        auto_secret key = {0};
        auto_secret text = read_ours("documents.yaml", &key);
        auto_string other = NULL;
        auto_sops sops = {0};
        enum fault fault;
        struct error error;
        assert_true(asprintf(&other, "evil: %s\n%s", evils[i], (const char *)text.bytes) > 0);
        assert_int_equal(
            open_text(&key, "f", SOPS_YAML, other, strlen(other), &sops, &fault, &error), 0);
        const struct sops_leaf *leaf = sops_find(&sops, "evil");
        assert_int_equal(leaf != NULL, i < 2);
        assert_true(!leaf || (!leaf->encrypted && leaf->value.length == 0));
        assert_string_equal((const char *)sops_find(&sops, "a")->value.bytes, "one");
    }
}

/* A list whose items change places has the same names, and another MAC. */
static void test_swapped(void **state)
{
    (void)state;
    auto_secret key = {0};
    auto_secret text = read_ours("types.yaml", &key);
    char *first = strstr((char *)text.bytes, "- - ENC[") + 4, *second = strstr(first, "\n      - ");
    char other[8192];
    second += strlen("\n      - ");
    int one = (int)strcspn(first, "\n"), two = (int)strcspn(second, "\n");
    snprintf(other, sizeof(other), "%.*s%.*s\n      - %.*s%s", (int)(first - (char *)text.bytes),
             (char *)text.bytes, two, second, one, first, second + two);
    auto_sops sops = {0};
    enum fault fault;
    struct error error;
    assert_int_not_equal(
        open_text(&key, "f", SOPS_YAML, other, strlen(other), &sops, &fault, &error), 0);
    assert_int_equal(fault, FAULT_TAMPERED);
    assert_string_equal(error.text, MAC_FAILED);
}

/* What is released of a file that is not whole is what the whole one has: the end of some formats
 * may be missing, and a comment or the version be another. */
static void assert_same_or_none(const struct secret *key, const char *name,
                                const struct sops *whole, const char *text, size_t length)
{
    auto_sops sops = {0};
    enum fault fault;
    struct error error;
    if (open_text(key, name, sops_format_of(name), text, length, &sops, &fault, &error) < 0) {
        assert_true(*error.text && fault != FAULT_NO_MATCH && fault != FAULT_MISSING);
        return;
    }
    for (size_t i = 0; i < sops.count; i++) {
        const struct sops_leaf *leaf = sops_find(whole, sops.leaves[i].key);
        if (!sops.leaves[i].encrypted)
            continue;
        assert_non_null(leaf);
        assert_int_equal(sops.leaves[i].value.length, leaf->value.length);
        assert_memory_equal(sops.leaves[i].value.bytes, leaf->value.bytes, leaf->value.length);
    }
}

static void test_damage(void **state)
{
    (void)state;
    static const char *const files[] = {"documents.yaml", "types.json", "types.env", "types.ini",
                                        "mac_only.yaml"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        auto_secret key = {0};
        auto_secret text = read_ours(files[i], &key);
        auto_sops whole = {0};
        enum fault fault;
        struct error error;
        char *bytes = (char *)text.bytes;
        assert_int_equal(open_text(&key, "f", sops_format_of(files[i]), bytes, text.length, &whole,
                                   &fault, &error),
                         0);
        for (size_t length = 0; length < text.length; length++)
            assert_same_or_none(&key, files[i], &whole, bytes, length);
        for (size_t bit = 0; bit < text.length * 8; bit++) {
            bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
            assert_same_or_none(&key, files[i], &whole, bytes, text.length);
            bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        }
    }
}

/* Small files that would become large, or take long. */
static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *name, *begin, *repeat, *fragment;
        size_t times;
    } bombs[] = {
        {"f.yaml", "a: ", "[", "more than 64 levels", 100},
        {"f.yaml", "a: [", "1,", "more than 65536 values", 70000},
        {"f.yaml", "? ", "a", "a key is longer than 1024 bytes", 1100},
        {"f.json", "{\"a\": ", "[", "more than 64 levels", 4000000},
        {"f.json", "{\"a\": [", "1,", "more than 65536 values", 70000},
        {"f.json", "{\"", "a", "a key is longer than 1024 bytes", 1025},
        {"f.env", "", "a=\n", "more than 65536 values", 70000},
        {"f.ini", "", "a=\n", "more than 65536 values", 70000},
        {"f.env", "", "a", "is larger than 4 MiB", (4 << 20) + 1},
        {"f.env", "sops_x=\n", "sops_y=\n", "stands there twice", 60000},
    };
    auto_secret key = secret_new(CIPHER_KEY);
    for (size_t i = 0; i < ARRAY_LENGTH(bombs); i++) {
        size_t begin = strlen(bombs[i].begin), size = strlen(bombs[i].repeat);
        auto_secret text = secret_new(begin + size * bombs[i].times + 8);
        char *out = stpcpy((char *)text.bytes, bombs[i].begin);
        for (size_t j = 0; j < bombs[i].times; j++)
            out = stpcpy(out, bombs[i].repeat);
        if (strstr(bombs[i].fragment, "a key"))
            out = stpcpy(out, bombs[i].name[2] == 'j' ? "\": 1}" : "\n: 1");
        auto_sops sops = {0};
        enum fault fault;
        struct error error;
        open_text(&key, bombs[i].name, sops_format_of(bombs[i].name), (const char *)text.bytes,
                  (size_t)(out - (char *)text.bytes), &sops, &fault, &error);
        if (!strstr(error.text, bombs[i].fragment))
            fail_msg("%zu: %s, not %s", i, error.text, bombs[i].fragment);
        assert_int_equal(fault, FAULT_REFUSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes), cmocka_unit_test(test_evil_is_plain),
        cmocka_unit_test(test_swapped), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
