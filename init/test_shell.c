#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/testdata/terminal.h"
#include "init/shell.h"

#define SHA512                                                                                     \
    "$6$KTkZEnViuW5IUzFo$XPAhD5yh3d5/MMwAu/he0jtTuxTlzW.LauYXBYOmhk8kupgUtpnutRBoUaeJWkVMY16l0s"   \
    "ZZAOrIknNCsdOXV/"
#define YESCRYPT "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$3dN2FZkCqcZoeG8U8icYDgDjlYJCcbY11Gavvk56rD7"
#define SCRYPT "$7$BU..../....abcdefghijklmnop$H6xg19jB7kVAuZekkBOBvyTtUsZYQfSKEIH.vgXAWv4"
#define BCRYPT(variant) "$2" variant "$04$KTkZEnViuW5IUzFoabcdeOzlRnR9YTWk3JiOGBmgjJwEbEKT1SVui"
#define SHA256 "$5$KTkZEnViuW5IUzFo$8dVryUT0TfKhPkpPIhEcgQpopFxN9xjigQZ0tIi8vFA"
#define MD5 "$1$F5Jx5fEx$PthbFcEOlpjmWEGkyMLBd0"

static void test_fits(void **state)
{
    (void)state;
    static const struct {
        const char *password, *hash;
        bool fits;
    } cases[] = {
        {"Grüße", SHA512, true},
        {"Grüße", YESCRYPT, true},
        {"Grusse", SHA512, false},
        {"Grusse", YESCRYPT, false},
        {"", SHA512, false},
        {"", YESCRYPT, false},
        {"Grüße ", SHA512, false},
        {"Grüße", "$6$", false},
        {"Grüße", "$nonesuch$x$y", false},
        {"yes", "yes", false},
        {"*0", "*0", false},
        {"Grüße", SCRYPT, true},
        {"Grüße", BCRYPT("b"), true},
        {"Grüße", BCRYPT("y"), true},
        {"Grüße", SHA256, true},
        {"Grüße", MD5, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (shell_fits(cases[i].password, cases[i].hash) != cases[i].fits)
            fail_msg("\"%s\" and \"%s\"", cases[i].password, cases[i].hash);
}

static void test_offered(void **state)
{
    (void)state;
    assert_false(shell_is_offered("no"));
    assert_int_equal(shell_is_offered("yes"), access("/bin/busybox", X_OK) == 0);
}

static bool ask(const char *policy, const char *keys, bool hang_up)
{
    struct terminal terminal;
    struct console_input *input = NULL;
    struct error error;
    terminal_open(&terminal);
    const char *const names[] = {terminal.name};
    assert_int_equal(console_listen_on(names, 1, &input, &error), 0);
    terminal_type(&terminal, keys);
    if (hang_up)
        terminal_hang_up(&terminal);
    bool right = shell_ask(policy, input);
    if (!hang_up && *keys)
        terminal_assert_shows(&terminal, "password for the shell: *****\r\n");
    console_input_free(input);
    terminal_close(&terminal);
    return right;
}

static void test_ask(void **state)
{
    (void)state;
    assert_true(ask("yes", "", false));
    assert_true(ask(SHA512, "Grüße\r", false));
    assert_false(ask(SHA512, "Gruss\r", false));
    assert_false(ask(SHA512, "", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_offered),
        cmocka_unit_test(test_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
