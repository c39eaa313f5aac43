#include "base/testdata/shell.h"

#include "base/keyboard.h"

#define DEVICE(name, handlers, key)                                                                \
    "I: Bus=0011 Vendor=0001 Product=0001 Version=ab41\n"                                          \
    "N: Name=\"" name "\"\n"                                                                       \
    "P: Phys=isa0060/serio0/input0\n"                                                              \
    "S: Sysfs=/devices/platform/i8042/serio0/input/input0\n"                                       \
    "U: Uniq=\n"                                                                                   \
    "H: Handlers=" handlers "\n"                                                                   \
    "B: PROP=0\n"                                                                                  \
    "B: EV=120013\n"                                                                               \
    "B: KEY=" key "\n"                                                                             \
    "B: MSC=10\n"                                                                                  \
    "B: LED=7\n\n"

#define LETTERS "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe"
#define LETTERS_32 "4 2000000 3803078 f800d001 feffffdf ffefffff ffffffff fffffffe"
#define AT_KEYBOARD DEVICE("AT Translated Set 2 keyboard", "sysrq kbd event0 leds", LETTERS)
#define POWER DEVICE("Power Button", "kbd event1", "8000 10000000000000 0")
#define MOUSE DEVICE("ImPS/2 Generic Wheel Mouse", "mouse0 event2", "70000 0 0 0 0")

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *names;
    } cases[] = {
        {"", 0, ""},
        {"\n\n", 0, ""},
        {POWER MOUSE, 0, ""},
        {AT_KEYBOARD, 1, "\"AT Translated Set 2 keyboard\""},
        {POWER AT_KEYBOARD MOUSE, 1, "\"AT Translated Set 2 keyboard\""},
        {AT_KEYBOARD POWER DEVICE("USB \"K\"", "sysrq kbd event5", LETTERS), 2,
         "\"AT Translated Set 2 keyboard\", \"USB \"K\"\""},
        /* a kernel of 32 bits */
        {DEVICE("Pi", "kbd", LETTERS_32), 1, "\"Pi\""},
        {DEVICE("Buttons", "kbd event1", "10000 ffffffff 0 0"), 0, ""},
        /* keys, but nothing takes them to the console */
        {DEVICE("Pad", "event7 js0", LETTERS), 0, ""},
        {DEVICE("Pad", "kbd0 xkbd event7", LETTERS), 0, ""},
        /* a name that a terminal would obey, and one that is not UTF-8 */
        {DEVICE("a\033[2Jb\xc2\x9b", "kbd", LETTERS), 1, "\"a?[2Jb?\""},
        {DEVICE("caf\xe9 \xc3\xa9", "kbd", LETTERS), 1, "\"caf? \xc3\xa9\""},
        /* cut off */
        {"N: Name=\"K\"\nH: Handlers=kbd\nB: KEY=" LETTERS, 1, "\"K\""},
        {"N: Name=\"", 0, ""},
        {"H: Handlers=kbd\nB: KEY=" LETTERS "\n", 1, "\"\""},
        {"N: Name=\"K\"\nH: Handlers=kbd\nB: KEY=\n", 0, ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char names[200];
        assert_int_equal(keyboards_parse(cases[i].text, names, sizeof(names)), cases[i].count);
        assert_string_equal(names, cases[i].names);
    }
}

static void test_no_room(void **state)
{
    (void)state;
    char names[] = "\"AT Translated Set 2 keyboard\", \"K\"";
    static const char text[] = AT_KEYBOARD DEVICE("K", "kbd", LETTERS);
    assert_int_equal(keyboards_parse(text, names, sizeof(names)), 2);
    assert_string_equal(names, "\"AT Translated Set 2 keyboard\", \"K\"");
    assert_int_equal(keyboards_parse(text, names, sizeof(names) - 1), 2);
    assert_string_equal(names, "\"AT Translated Set 2 keyboard\"");
    assert_int_equal(keyboards_parse(text, names, 10), 2);
    assert_string_equal(names, "\"K\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse),
                                       cmocka_unit_test(test_no_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
