#include "base/testdata/scratch.h"

#include "base/error.h"

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        int code, stored;
    } cases[] = {
        {ENOENT, ENOENT},
        {1, 1},
        {0, EIO}, /* a failure never looks like success */
        {-5, EIO},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        assert_int_equal(error_set(&error, cases[i].code, "x"), -cases[i].stored);
        assert_int_equal(error.code, cases[i].stored);
        assert_int_equal(error_prefix(&error, "y"), -cases[i].stored);
        assert_int_equal(error.code, cases[i].stored);
        assert_int_equal(error_system(&error, cases[i].code, "x"), -cases[i].stored);
        assert_int_equal(error.code, cases[i].stored);
    }
}

static void test_sentences(void **state)
{
    (void)state;
    struct error error = {0};
    error_set(&error, ENOENT, "there is no \"%s\", and %d%%", "a\nb", 7);
    assert_string_equal(error.text, "there is no \"a\nb\", and 7%");
    error_prefix(&error, "in \"%s\"", "c");
    assert_string_equal(error.text, "in \"c\": there is no \"a\nb\", and 7%");
    error_prefix(&error, "d");
    assert_string_equal(error.text, "d: in \"c\": there is no \"a\nb\", and 7%");
    error_system(&error, ENOSPC, "cannot make \"%s\"", "e");
    assert_string_equal(error.text, "cannot make \"e\": No space left on device");
    error_system(&error, ENOENT, "%s", error.text); /* its own text may be an argument */
    assert_string_equal(error.text,
                        "cannot make \"e\": No space left on device: No such file or directory");
}

/* However long a path is, the text ends, and the reason stays. */
static void test_lengths(void **state)
{
    (void)state;
    static char path[5000];
    struct {
        struct error error;
        char behind[8];
    } guarded = {.behind = "guarded"};
    for (size_t length = 0; length < sizeof(path); length += length < 600 ? 1 : 97) {
        memset(path, 'x', length);
        path[length] = '\0';
        error_set(&guarded.error, ENOENT, "%s", path);
        size_t room = sizeof(guarded.error.text) - 1;
        assert_int_equal(strlen(guarded.error.text), length < room ? length : room);
        error_system(&guarded.error, ENOENT, "%s", path);
        assert_non_null(strstr(guarded.error.text, ": No such file or directory"));
        error_prefix(&guarded.error, "%s", path);
        assert_true(strlen(guarded.error.text) < sizeof(guarded.error.text));
        if (length < 200)
            assert_non_null(strstr(guarded.error.text, ": No such file or directory"));
        assert_string_equal(guarded.behind, "guarded");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
