#include "base/testdata/scratch.h"

#include "base/text.h"

static void test_character(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t rest, length;
    } cases[] = {
        {"", 0, 0},
        {"", 1, 1}, /* NUL is a character */
        {"ab", 2, 1},
        {"\x7f", 1, 1},
        {"\x80", 1, 0},
        {"\xbf", 1, 0},
        {"\xc1\xbf", 2, 0}, /* too long a form */
        {"\xc2\x80", 2, 2},
        {"é", 2, 2},
        {"é", 1, 0},
        {"\xc3(x", 3, 0},
        {"\xdf\xbf", 2, 2},
        {"\xe0\x9f\xbf", 3, 0},
        {"\xe0\xa0\x80", 3, 3},
        {"€", 3, 3},
        {"€", 2, 0},
        {"\xed\x9f\xbf", 3, 3},
        {"\xed\xa0\x80", 3, 0}, /* surrogates */
        {"\xed\xbf\xbf", 3, 0},
        {"\xee\x80\x80", 3, 3},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xf0\x90\x80\x80", 4, 4},
        {"\xf0\x90\x80\x80", 3, 0},
        {"\xf0\x90\x80\x00", 4, 0},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"\xf4\x90\x80\x80", 4, 0}, /* beyond Unicode */
        {"\xf5\x80\x80\x80", 4, 0},
        {"\xf8\x88\x80\x80\x80", 5, 0},
        {"\xff", 1, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (text_character(cases[i].text, cases[i].rest) != cases[i].length)
            fail_msg("case %zu: %zu, not %zu", i, text_character(cases[i].text, cases[i].rest),
                     cases[i].length);
}

static void test_control(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        bool control;
    } cases[] = {
        {"", 1, true},         {"\t", 1, true},        {"\n", 1, true},
        {"\x1b", 1, true},     {"\x1f", 1, true},      {" ", 1, false},
        {"~", 1, false},       {"\x7f", 1, true},      {"\xc2\x80", 2, true},
        {"\xc2\x9f", 2, true}, {"\xc2\xa0", 2, false}, {"\xc3\x80", 2, false},
        {"€", 3, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (text_is_control(cases[i].text, cases[i].length) != cases[i].control)
            fail_msg("case %zu should be %d", i, cases[i].control);
}

static void test_name(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "Z", "0", "-", "_", "state-2_B"};
    static const char *const others[] = {"", " ", "a b", "a/b", ".a", "a.", "a\n", "é", "a:b"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (!text_is_name(names[i]))
            fail_msg("\"%s\" is a name", names[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (text_is_name(others[i]))
            fail_msg("\"%s\" is no name", others[i]);
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        unsigned long milliseconds;
        const char *text;
    } cases[] = {
        {0, "0 s"},        {1, "1 ms"},     {999, "999 ms"},       {1000, "1 s"},
        {1500, "1500 ms"}, {90000, "90 s"}, {100001, "100001 ms"}, {2145600000, "2145600 s"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(text_duration(cases[i].milliseconds).text, cases[i].text);
}

/* What a terminal would obey becomes digits; letters of all languages stay. */
static void test_print(void **state)
{
    (void)state;
    char *shown = NULL;
    size_t length;
    FILE *stream = open_memstream(&shown, &length);
    assert_non_null(stream);
    text_print("caf\xc3\xa9 \\ \033[2J \xff \xc2\x9b", stream);
    fclose(stream);
    assert_string_equal(shown, "caf\xc3\xa9 \\\\ \\033[2J \\377 \\302\\233");
    free(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_character), cmocka_unit_test(test_control),
        cmocka_unit_test(test_name),      cmocka_unit_test(test_duration),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
