#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/testdata/terminal.h"
#include "init/menu.h"

#define SHOWN "r retry   l log\r\n"

static const struct menu_row rows[] = {
    {'r', "retry", false}, {'s', "shell", true}, {'l', "log", false}, {0}};

/* Two consoles with a person at each. */
static struct terminal first, second;
static struct console_input *input;

static struct menu begin(unsigned limit)
{
    struct error error;
    terminal_open(&first);
    terminal_open(&second);
    const char *const names[] = {first.name, second.name};
    if (console_listen_on(names, 2, &input, &error) < 0)
        fail_msg("%s", error.text);
    return (struct menu){
        .input = input, .rows = rows, .limit = limit, .late = "rebooting", .news = -1};
}

static void end(void)
{
    console_input_free(input);
    terminal_close(&first);
    terminal_close(&second);
}

static void test_choose(void **state)
{
    (void)state;
    static const struct {
        const struct terminal *terminal;
        const char *keys;
        int key;
        size_t console;
    } cases[] = {
        {&first, "r", 'r', 0},  {&second, "l", 'l', 1},
        {&second, "R", 'r', 1}, {&first, "x\033[A\r l", 'l', 0}, /* others mean nothing */
        {&first, "sl", 'l', 0},                                  /* neither does what is hidden */
    };
    struct menu menu = begin(0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        menu_show(&menu);
        terminal_type(cases[i].terminal, cases[i].keys);
        assert_int_equal(menu_wait(&menu), cases[i].key);
        assert_int_equal(menu.console, cases[i].console);
    }
    end();
}

static void test_shown(void **state)
{
    (void)state;
    struct menu menu = begin(60001);
    menu_show(&menu);
    terminal_assert_shows(&first, SHOWN "rebooting in 61 s unless a key is pressed\r\n");
    terminal_assert_shows(&second, SHOWN "rebooting in 61 s unless a key is pressed\r\n");
    menu.limit = 0;
    menu_show(&menu);
    terminal_type(&first, "l");
    assert_int_equal(menu_wait(&menu), 'l');
    terminal_assert_shows(&first, SHOWN);
    terminal_assert_shows(&second, SHOWN);
    end();
}

static void test_late(void **state)
{
    (void)state;
    struct menu menu = begin(30);
    unsigned long start = clock_milliseconds();
    menu_show(&menu);
    assert_int_equal(menu_wait(&menu), MENU_LATE);
    assert_true(clock_milliseconds() - start >= 30);
    end();
}

/* Keys are taken before the clock is looked at: one that is there by then starts it anew. */
static void test_anew(void **state)
{
    (void)state;
    struct menu menu = begin(1000);
    menu_show(&menu);
    unsigned long shown = menu.since;
    menu.since -= 900; /* as if that long had passed */
    terminal_type(&first, "x");
    assert_int_equal(menu_wait(&menu), MENU_LATE);
    assert_true(clock_milliseconds() - shown >= 1000);
    terminal_assert_shows(&second, SHOWN "rebooting in 1 s unless a key is pressed\r\n" SHOWN
                                         "rebooting in 1 s unless a key is pressed\r\n");
    end();
}

/* News do not count as a person: the limit goes on. */
static void test_news(void **state)
{
    (void)state;
    int ends[2];
    struct menu menu = begin(100);
    assert_int_equal(pipe(ends), 0);
    menu.news = ends[0];
    menu_show(&menu);
    unsigned long since = menu.since;
    assert_int_equal(write(ends[1], "!", 1), 1);
    assert_int_equal(menu_wait(&menu), MENU_NEWS);
    assert_int_equal(menu.since, since);
    terminal_type(&first, "r"); /* a person goes first */
    assert_int_equal(menu_wait(&menu), 'r');
    int key;
    while ((key = menu_wait(&menu)) == MENU_NEWS)
        continue;
    assert_int_equal(key, MENU_LATE);
    close(ends[0]);
    close(ends[1]);
    end();
}

static void test_pause(void **state)
{
    (void)state;
    struct menu menu = begin(0);
    menu.pause = 10;
    menu_show(&menu);
    assert_int_equal(menu_wait(&menu), MENU_NEWS);
    end();
}

/* Rows that the caller has shown, Enter, and the time that somebody has who is there. */
static void test_enter(void **state)
{
    (void)state;
    static const struct menu_row list[] = {
        {'a', NULL, false}, {'\n', "the default", false}, {'+', "more", true}, {0}};
    struct menu menu = begin(1000);
    menu.rows = list;
    menu.patience = 300000;
    menu_show(&menu);
    terminal_assert_shows(&first, "Enter the default\r\n"
                                  "rebooting in 1 s unless a key is pressed\r\n");
    terminal_type(&first, "+\r");
    assert_int_equal(menu_wait(&menu), '\n');
    terminal_type(&first, "A");
    assert_int_equal(menu_wait(&menu), 'a');
    assert_int_equal(menu.limit, 1000);
    menu.since -= 900; /* as if that long had passed */
    terminal_type(&first, "+");
    menu.patience = 30;
    assert_int_equal(menu_wait(&menu), MENU_LATE);
    assert_int_equal(menu.limit, 30);
    end();
}

static void test_nobody(void **state)
{
    (void)state;
    struct menu menu = begin(0);
    menu_show(&menu);
    terminal_hang_up(&first);
    terminal_type(&second, "l");
    assert_int_equal(menu_wait(&menu), 'l'); /* one is left */
    terminal_hang_up(&second);
    assert_int_equal(menu_wait(&menu), MENU_NOBODY);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose), cmocka_unit_test(test_shown),  cmocka_unit_test(test_late),
        cmocka_unit_test(test_anew),   cmocka_unit_test(test_news),   cmocka_unit_test(test_pause),
        cmocka_unit_test(test_enter),  cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
