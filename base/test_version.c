/* The order of versions: the examples of the specification (UAPI.10), and kernels of Debian. */
#include "base/testdata/scratch.h"

#include "base/version.h"

static void test_order(void **state)
{
    (void)state; /* nothing is kept */
    static const struct {
        const char *left, *right;
        int order;
    } cases[] = {
        {"11", "11", 0},
        {"systemd-123", "systemd-123", 0},
        {"bar-123", "foo-123", -1},
        {"123a", "123", 1},
        {"123.a", "123", 1},
        {"123.a", "123.b", -1},
        {"123a", "123.a", 1},
        {"11\xce\xb1", "11\xce\xb2", 0},
        {"A", "a", -1},
        {"", "0", -1},
        {"0.", "0", 1},
        {"0.0", "0", 1},
        {"0", "~", 1},
        {"", "~", 1},
        {"1_", "1", 0},
        {"_1", "1", 0},
        {"1_", "1.2", -1},
        {"1_2_3", "1.3.3", 1},
        {"1+", "1", 0},
        {"+1", "1", 0},
        {"1+", "1.2", -1},
        {"1+2+3", "1.3.3", 1},
        {"6.1.0-9-amd64", "6.1.0-18-amd64", -1},
        {"6.12~rc7-amd64", "6.12-amd64", -1},
        {"6.1.0-18-amd64", "6.1.0-18-cloud-amd64", -1},
        {"000042", "42", 0},
        {"1^20260101", "1", 1},
        {"1^20260101", "1.1", -1},
        {"122.1", "123~rc1-1", -1},
        {"123~rc1-1", "123", -1},
        {"123", "123-a", -1},
        {"123-3", "123^patch1", -1},
        {"123^patch1", "123.1", -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int order = version_compare(cases[i].left, cases[i].right),
            back = version_compare(cases[i].right, cases[i].left);
        if ((order > 0) - (order < 0) != cases[i].order ||
            (back > 0) - (back < 0) != -cases[i].order)
            fail_msg("\"%s\" and \"%s\": %d, %d", cases[i].left, cases[i].right, order, back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
