#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>

#include "base/path.h"
#include "init/keymap.h"

enum { HEAD = 7 + 256, TABLE = 128 * 2 };

/* Two tables, 0 and 9; their values count on from 0x0b00. */
static size_t make(unsigned char *data)
{
    static const unsigned char magic[] = {'b', 'k', 'e', 'y', 'm', 'a', 'p'};
    memset(data, 0, HEAD);
    memcpy(data, magic, sizeof(magic));
    data[7 + 0] = data[7 + 9] = 1;
    for (unsigned i = 0; i < 2 * TABLE / 2; i++) {
        data[HEAD + 2 * i] = (unsigned char)i;
        data[HEAD + 2 * i + 1] = 0x0b;
    }
    return HEAD + 2 * TABLE;
}

static void test_parse(void **state)
{
    (void)state;
    unsigned char data[HEAD + 2 * TABLE];
    size_t length = make(data), count = 0;
    struct error error;
    struct kbentry *entries = NULL;
    auto_arena arena = arena_new();
    assert_int_equal(keymap_parse(arena, (char *)data, length, &entries, &count, &error), 0);
    assert_int_equal(count, 256);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(entries[i].kb_table, i < 128 ? 0 : 9);
        assert_int_equal(entries[i].kb_index, i % 128);
        assert_int_equal(entries[i].kb_value, 0x0b00 + i);
    }
}

#define NO_KEYMAP                                                                                  \
    "it does not begin as a keymap of loadkeys does; rebuild the image with `ebb build`"
#define NO_LENGTH(length)                                                                          \
    "it has " length " bytes, but its 2 tables take 775; rebuild the image with `ebb build`"

static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        bool other_magic;
        const char *message;
    } cases[] = {
        {0, false, NO_KEYMAP},          {7, false, NO_KEYMAP},
        {262, false, NO_KEYMAP},        {775, true, NO_KEYMAP},
        {263, false, NO_LENGTH("263")}, {774, false, NO_LENGTH("774")},
        {776, false, NO_LENGTH("776")},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        struct kbentry *entries = NULL;
        size_t count = 0;
        auto_arena arena = arena_new();
        unsigned char data[HEAD + 2 * TABLE + 1] = {0};
        make(data);
        if (cases[i].other_magic)
            data[6] = 'k';
        /* Of exactly this length, so that reading further is seen. */
        auto_string exact = malloc(cases[i].length + 1);
        assert_non_null(exact);
        memcpy(exact, data, cases[i].length);
        exact = realloc(exact, cases[i].length ? cases[i].length : 1);
        assert_int_equal(keymap_parse(arena, exact, cases[i].length, &entries, &count, &error),
                         -EINVAL);
        assert_string_equal(error.text, cases[i].message);
        assert_null(entries);
        assert_int_equal(count, 0);
    }
}

/* What it does to a terminal is seen in a boot: here it might be the tester's own. */
static void test_load(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(keymap_load("missing", &error), 0);
    assert_int_equal(path_write(AT_FDCWD, "keymap", "bkeymap", 7, 0644, &error), 0);
    assert_int_equal(keymap_load("keymap", &error), -EINVAL);
    assert_string_equal(error.text, "the keymap \"keymap\": " NO_KEYMAP);
    must_run("truncate -s 70000 keymap");
    assert_int_equal(keymap_load("keymap", &error), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test_setup_teardown(test_load, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
