/* Which known word somebody meant, and when nothing should be guessed. */

#include "image/testing.h"

#include "plan/suggest.h"

static const char *const known[] = {"volume", "root",   "generations", "persist", "hook",
                                    "module", "rescue", "include",     "fs",      "dir"};

/* clang-format off */
static const struct {
    const char *word, *meant;
} cases[] = {
    {"volume", "volume"},
    {"volumes", "volume"},    /* one too many */
    {"volme", "volume"},      /* one missing */
    {"volune", "volume"},     /* one wrong */
    {"vloume", "volume"},     /* two swapped */
    {"vloumes", "volume"},
    {"Root", "root"},
    {"rot", "root"},
    {"roots", "root"},
    {"hoko", "hook"},
    {"generation", "generations"},
    {"genrations", "generations"},
    {"gneeratoins", "generations"},
    {"persists", "persist"},
    {"sf", "fs"},
    {"f", "fs"},
    {"dri", "dir"},
    {"mod", "nothing"},       /* three missing */
    {"x", "nothing"},
    {"", "nothing"},
    {"zz", "nothing"},
    {"quota", "nothing"},
    {"mount", "nothing"},
    {"generators-of-something-else", "nothing"},
    {"é", "nothing"},
};
/* clang-format on */

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *near = suggest(cases[i].word, known, ARRAY_LENGTH(known));
        assert_string_equal(near ? near : "nothing", cases[i].meant);
    }
}

/* The nearest wins, and among equals the first. */
static void test_nearest(void **state)
{
    (void)state;
    static const char *const list[] = {"states", "stat", "state", "skate", NULL};
    assert_string_equal(suggest("statess", list, 4), "states");
    assert_string_equal(suggest("staet", list, 4), "stat");
    assert_string_equal(suggest("state", list, 4), "state");
    assert_string_equal(suggest("slate", list, 4), "state");
    assert_string_equal(suggest("slate", list, 2), "states");
    assert_null(suggest("state", list, 0));
}

/* Nothing is said of words that are too long to be compared. */
static void test_long(void **state)
{
    (void)state;
    static const char *const list[] = {"a-name-of-thirty-two-characters-",
                                       "a-name-of-more-than-thirty-two-characters"};
    char word[201];
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_null(suggest(word, list, 2));
    assert_null(suggest("a-name-of-more-than-thirty-two-character", list, 2));
    assert_string_equal(suggest("a-name-of-thirty-two-character-", list, 2), list[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
