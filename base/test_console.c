#include "base/testdata/terminal.h"

#include "base/console.h"

static struct console_input *listen_to(const struct terminal *terminals, size_t count)
{
    const char *names[CONSOLE_MAX] = {0};
    struct console_input *input = NULL;
    struct error error;
    for (size_t i = 0; i < count; i++)
        names[i] = terminals[i].name;
    assert_int_equal(console_listen_on(names, count, &input, &error), 0);
    return input;
}

/* Waits as a program would. */
static int await_key(struct console_input *input, struct console_key *key)
{
    int code;
    while ((code = console_key(input, key)) == -EAGAIN) {
        struct pollfd fds[CONSOLE_MAX];
        size_t count = console_pollfds(input, fds, CONSOLE_MAX);
        if (poll(fds, count, PATIENCE) <= 0)
            fail_msg("no key came");
    }
    return code;
}

/* As the table below writes it. */
static void name_key(const struct console_key *key, char *name)
{
    static const char *const names[] = {
        [CONSOLE_ENTER] = "<enter>", [CONSOLE_BACKSPACE] = "<back>", [CONSOLE_CLEAR] = "<clear>",
        [CONSOLE_ESCAPE] = "<esc>",  [CONSOLE_TAB] = "<tab>",        [CONSOLE_CONTROL] = "<ctrl>"};
    if (key->kind == CONSOLE_BYTE)
        snprintf(name, 16, "%c", key->byte);
    else
        snprintf(name, 16, "%s", names[key->kind]);
}

/* Ctrl-D is the last key of each case. */
static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *expected;
    } cases[] = {
        {"aZ ~", "aZ ~"},
        {"\xc3\xa9", "\xc3\xa9"},
        {"\r\n", "<enter><enter>"},
        {"\b\x7f", "<back><back>"},
        {"\x15\t\x03\x11\x13\x1a\x1c", "<clear><tab><ctrl><ctrl><ctrl><ctrl><ctrl>"},
        /* arrows, in both modes; Home, F5, with modifiers; F1 of a virtual terminal */
        {"a\033[A\033[D\033OAb", "ab"},
        {"a\033[1~\033[15~\033[1;5C\033O5P\033[?6cb", "ab"},
        {"a\033[[A\033[[Eb", "ab"},
        {"\033[200~pasted\033[201~", "pasted"},
        {"a\033[\033[Ab", "ab"},
        /* broken off by what cannot belong to it */
        {"\033[1\rb", "<enter>b"},
        {"\033O\x7f\033[\xc3\xa9", "<back>\xc3\xa9"},
        /* the key Escape */
        {"\033a", "<esc>a"},
        {"\033\r", "<esc><enter>"},
        {"\033\033\033[Aa", "<esc><esc>a"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct terminal terminal;
        terminal_open(&terminal);
        struct console_input *input = listen_to(&terminal, 1);
        struct console_key key;
        char keys[200] = "";
        terminal_type(&terminal, cases[i].typed);
        terminal_type(&terminal, "\x04");
        while (await_key(input, &key) == 0 && !(key.kind == CONSOLE_CONTROL && key.byte == 4))
            name_key(&key, keys + strlen(keys));
        assert_string_equal(keys, cases[i].expected);
        assert_int_equal(console_key(input, &key), -EAGAIN);
        console_input_free(input);
        terminal_close(&terminal);
    }
}

static void test_escape_alone(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal);
    struct console_input *input = listen_to(&terminal, 1);
    struct console_key key;
    terminal_type(&terminal, "\033");
    assert_int_equal(await_key(input, &key), 0);
    assert_int_equal(key.kind, CONSOLE_ESCAPE);
    terminal_type(&terminal, "[");
    assert_int_equal(await_key(input, &key), 0);
    assert_int_equal(key.kind, CONSOLE_BYTE);
    assert_int_equal(key.byte, '[');
    console_input_free(input);
    terminal_close(&terminal);
}

/* A slow line brings a sequence in pieces. */
static void test_sequence_in_pieces(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal);
    struct console_input *input = listen_to(&terminal, 1);
    struct console_key key;
    struct pollfd readable = {.fd = terminal.device, .events = POLLIN};
    terminal_type(&terminal, "\033[");
    /* both bytes have come, and are taken */
    assert_int_equal(poll(&readable, 1, PATIENCE), 1);
    assert_int_equal(console_key(input, &key), -EAGAIN);
    terminal_type(&terminal, "1");
    assert_int_equal(poll(&readable, 1, PATIENCE), 1);
    assert_int_equal(console_key(input, &key), -EAGAIN);
    terminal_type(&terminal, "5~x");
    assert_int_equal(await_key(input, &key), 0);
    assert_int_equal(key.byte, 'x');
    console_input_free(input);
    terminal_close(&terminal);
}

static void test_typed_before(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal);
    struct pollfd readable = {.fd = terminal.device, .events = POLLIN};
    terminal_type(&terminal, "before\r");
    assert_int_equal(poll(&readable, 1, PATIENCE), 1);
    struct console_input *input = listen_to(&terminal, 1);
    struct console_key key;
    assert_int_equal(console_key(input, &key), -EAGAIN);
    terminal_type(&terminal, "x");
    assert_int_equal(await_key(input, &key), 0);
    assert_int_equal(key.byte, 'x');
    console_input_free(input);
    terminal_close(&terminal);
}

static void test_terminal_is_given_back(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal);
    /* The same one twice, as /dev/console and its real name may be. */
    struct terminal twice[] = {terminal, terminal};
    struct console_input *input = listen_to(twice, 2);
    struct termios raw;
    assert_int_equal(tcgetattr(terminal.device, &raw), 0);
    assert_int_equal(raw.c_lflag & (tcflag_t)(ECHO | ICANON | ISIG | IEXTEN), 0);
    assert_int_equal(raw.c_iflag & (tcflag_t)(ICRNL | IXON), 0);
    console_input_free(input);
    terminal_assert_restored(&terminal);
    console_input_free(NULL);
    terminal_assert_rest(&terminal, "");
    terminal_close(&terminal);
}

static void test_several(void **state)
{
    (void)state;
    struct terminal terminals[3];
    struct pollfd fds[CONSOLE_MAX];
    struct console_key key;
    for (size_t i = 0; i < 3; i++)
        terminal_open(&terminals[i]);
    struct console_input *input = listen_to(terminals, 3);
    assert_int_equal(console_pollfds(input, fds, CONSOLE_MAX), 3);
    assert_int_equal(console_pollfds(input, fds, 2), 2);
    for (size_t i = 0; i < 3; i++) {
        console_write(input, i, "a line\n");
        terminal_assert_shows(&terminals[i], "a line\r\n");
        terminal_type(&terminals[i], "k");
        assert_int_equal(await_key(input, &key), 0);
        assert_int_equal(key.console, i);
    }

    terminal_hang_up(&terminals[1]);
    while (console_pollfds(input, fds, CONSOLE_MAX) == 3)
        assert_int_equal(console_key(input, &key), -EAGAIN);
    assert_int_equal(console_fd(input, 1), -1);
    console_write(input, 1, "into nothing\n");
    terminal_type(&terminals[2], "k");
    assert_int_equal(await_key(input, &key), 0);
    assert_int_equal(key.console, 2); /* the number stays */

    terminal_hang_up(&terminals[0]);
    terminal_hang_up(&terminals[2]);
    assert_int_equal(await_key(input, &key), -ENODEV);
    assert_int_equal(console_key(input, &key), -ENODEV);
    assert_int_equal(console_pollfds(input, fds, CONSOLE_MAX), 0);
    console_input_free(input);
    for (size_t i = 0; i < 3; i++)
        close(terminals[i].device);
}

/* A line that never ends must not keep the others from being heard. */
static void test_noise(void **state)
{
    (void)state;
    struct terminal terminals[2];
    struct console_key key;
    terminal_open(&terminals[0]);
    terminal_open(&terminals[1]);
    struct console_input *input = listen_to(terminals, 2);
    struct pollfd both[] = {{.fd = terminals[0].device, .events = POLLIN},
                            {.fd = terminals[1].device, .events = POLLIN}};
    terminal_type(&terminals[0], "noise noise noise");
    terminal_type(&terminals[1], "k");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(poll(&both[i], 1, PATIENCE), 1);
    assert_int_equal(console_key(input, &key), 0);
    size_t first = key.console;
    assert_int_equal(console_key(input, &key), 0);
    assert_int_equal(key.console, 1 - first);
    console_input_free(input);
    terminal_close(&terminals[0]);
    terminal_close(&terminals[1]);
}

static void test_none(void **state)
{
    (void)state;
    static const char *const names[] = {"/dev/null", "/nowhere/tty"};
    struct console_input *input = NULL;
    struct error error = {0};
    assert_int_equal(console_listen_on(names, 2, &input, &error), -ENODEV);
    assert_null(input);
    assert_string_equal(error.text, "no console can be read");
    /* one that works is enough */
    struct terminal terminal;
    terminal_open(&terminal);
    const char *some[] = {names[0], names[1], terminal.name};
    assert_int_equal(console_listen_on(some, 3, &input, &error), 0);
    assert_true(console_fd(input, 0) >= 0);
    assert_int_equal(console_fd(input, 1), -1);
    console_input_free(input);
    terminal_close(&terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_escape_alone),
        cmocka_unit_test(test_sequence_in_pieces),
        cmocka_unit_test(test_typed_before),
        cmocka_unit_test(test_terminal_is_given_back),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
