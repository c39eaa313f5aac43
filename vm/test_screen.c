/* Text on a serial line, with the kernel's lines between and in the middle of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "vm/machine.h"

static void test_find(void **state)
{
    (void)state; /* needs none */
    static const struct {
        const char *serial, *text, *rest; /* behind what was found; NULL: it is not there */
    } cases[] = {
        {"", "a", NULL},
        {"one two three", "two", " three"},
        {"one two three", "too", NULL},
        {"one tw", "two", NULL},
        {"line\r\nnext", "line\nnext", ""},
        {"line\r\nnext", "line\r\nnext", ""},
        {"[    1.000000] ebb: begin\r\nmore", "ebb: begin", "\r\nmore"},
        {"[    1.000000] ebb: begin\r\nmore", "[    1.000000] ebb", ": begin\r\nmore"},
        {"pass[   12.345678] usb 2-2: new\r\nphrase: ", "passphrase", ": "},
        {"pass[   12.345678] usb\r\n[   12.4] sd\r\nphrase", "passphrase", ""},
        {"pass[   12.345678] usb 2-2: ne", "passphrase", NULL},
        {"pass[x] phrase", "passphrase", NULL},
        {"aab", "ab", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *end = screen_find(cases[i].serial, cases[i].text);
        if (!cases[i].rest && end)
            fail_msg("\"%s\" is found in \"%s\"", cases[i].text, cases[i].serial);
        if (cases[i].rest && !end)
            fail_msg("\"%s\" is not found in \"%s\"", cases[i].text, cases[i].serial);
        if (end)
            assert_string_equal(end, cases[i].rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
