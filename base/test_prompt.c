#include "base/testdata/terminal.h"

#include <sys/mman.h>

#include "base/keyboard.h"
#include "base/prompt.h"

#define AGAIN(news) "\r\033[K" news "\r\n? "

/* One or two people at a terminal each, and a program that asks "? ". */
struct scene {
    struct terminal terminals[2];
    size_t count;
    struct console_input *input;
    struct prompt *prompt;
};

static void ask(struct scene *scene, size_t count)
{
    const char *names[2] = {0};
    struct error error;
    scene->count = count;
    for (size_t i = 0; i < count; i++) {
        terminal_open(&scene->terminals[i]);
        names[i] = scene->terminals[i].name;
    }
    assert_int_equal(console_listen_on(names, count, &scene->input, &error), 0);
    assert_int_equal(prompt_begin(scene->input, "? ", &scene->prompt, &error), 0);
    for (size_t i = 0; i < count; i++)
        terminal_assert_shows(&scene->terminals[i], "? ");
}

static void end(struct scene *scene)
{
    prompt_end(scene->prompt);
    console_input_free(scene->input);
}

static void close_all(const struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        terminal_close(&scene->terminals[i]);
}

/* Goes on until the screen has as many bytes as the typing should bring there. */
static void expect(struct scene *scene, size_t who, const char *typed, const char *expected)
{
    struct terminal *terminal = &scene->terminals[who];
    char shown[1024];
    size_t length = 0, wanted = strlen(expected);
    terminal_type(terminal, typed);
    while (length < wanted) {
        struct pollfd fds[CONSOLE_MAX + 1];
        size_t count = prompt_pollfds(scene->prompt, fds, CONSOLE_MAX);
        fds[count++] = (struct pollfd){.fd = terminal->person, .events = POLLIN};
        if (poll(fds, count, PATIENCE) <= 0)
            fail_msg("\"%s\" has not brought \"%s\"", typed, expected);
        (void)prompt_feed(scene->prompt); /* the screen tells */
        length = terminal_look(terminal, shown, length, wanted);
    }
    shown[length] = '\0';
    assert_string_equal(shown, expected);
}

static enum prompt_state await_answer(struct scene *scene)
{
    enum prompt_state state;
    while ((state = prompt_feed(scene->prompt)) == PROMPT_WAITING) {
        struct pollfd fds[CONSOLE_MAX];
        if (poll(fds, prompt_pollfds(scene->prompt, fds, CONSOLE_MAX), PATIENCE) <= 0)
            fail_msg("no answer came");
    }
    return state;
}

static void assert_answer(const struct scene *scene, const char *expected)
{
    size_t length = 0;
    const char *answer = prompt_answer(scene->prompt, &length);
    assert_non_null(answer);
    assert_int_equal(length, strlen(expected));
    assert_string_equal(answer, expected);
}

static void test_editing(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *shown, *answer; /* Enter is typed after it */
    } cases[] = {
        {"abc", "***", "abc"},
        {"a b~", "****", "a b~"},
        /* characters of several bytes */
        {"\xc3\xa9", "*", "\xc3\xa9"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8ax", "****", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8ax"},
        /* Backspace */
        {"ab\177c", "**\b \b*", "ac"},
        {"ab\b\b\b\bc", "**\b \b\b \b*", "c"},
        {"a\xe2\x82\xac\177b", "**\b \b*", "ab"},
        {"\xf0\x9f\x8c\x8a\177b", "*\b \b*", "b"},
        /* begin anew */
        {"abc\025d", "***\b \b\b \b\b \b*", "d"},
        {"abc\033d", "***\b \b\b \b\b \b*", "d"},
        {"\025\033d", "*", "d"},
        {"\xc3\xa9y\025d", "**\b \b\b \b*", "d"},
        /* keys that mean nothing here */
        {"a\033[A\033OB\033[[C\033[3~b", "**", "ab"},
        {"a\003\004\032\021b", "**", "ab"},
        /* Tab */
        {"ab\tcd", "**\b \b\b \b", "abcd"},
        {"ab\tcd\te", "**\b \b\b \b*****", "abcde"},
        {"\tab\177\025c\t", "*", "c"},
        /* nothing is no answer */
        {"\r\rab", "\r\n? \r\n? **", "ab"},
        {"ab\025\rc", "**\b \b\b \b\r\n? *", "c"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct scene scene;
        char shown[200];
        ask(&scene, 1);
        terminal_type(&scene.terminals[0], cases[i].typed);
        terminal_type(&scene.terminals[0], "\r");
        assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
        assert_answer(&scene, cases[i].answer);
        end(&scene);
        snprintf(shown, sizeof(shown), "%s\r\n", cases[i].shown);
        terminal_assert_restored(&scene.terminals[0]);
        terminal_assert_rest(&scene.terminals[0], shown);
        close_all(&scene);
    }
}

static void fill(char *text, char byte, size_t count)
{
    memset(text, byte, count);
    text[count] = '\0';
}

static void test_too_long(void **state)
{
    (void)state;
    struct scene scene;
    char typed[PROMPT_MAX + 1], shown[100], answer[PROMPT_MAX + 1];
    ask(&scene, 1);
    fill(typed, 'a', PROMPT_MAX - 1);
    fill(shown, '*', 80 - 1 - strlen("? ")); /* as far as the row goes */
    expect(&scene, 0, typed, shown);
    expect(&scene, 0, "\xc3\xa9", "\a"); /* one byte of it would fit, but half is no character */
    expect(&scene, 0, "b\xc3\xa9", "\a");
    expect(&scene, 0, "c", "\a");
    expect(&scene, 0, "\177\177dc\xc3\xa9", "\a");
    terminal_type(&scene.terminals[0], "\r");
    assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
    fill(answer, 'a', PROMPT_MAX - 2);
    assert_answer(&scene, strcat(answer, "dc"));
    end(&scene);
    terminal_assert_rest(&scene.terminals[0], "\r\n");
    close_all(&scene);
}

static void test_two_people(void **state)
{
    (void)state;
    struct scene scene;
    size_t length;
    struct pollfd fds[CONSOLE_MAX];
    ask(&scene, 2);
    assert_int_equal(prompt_pollfds(scene.prompt, fds, CONSOLE_MAX), 2);
    expect(&scene, 0, "a", "*");
    expect(&scene, 1, "xy", "**");
    expect(&scene, 0, "bc", "**");
    assert_null(prompt_answer(scene.prompt, &length));
    terminal_type(&scene.terminals[1], "z\r");
    assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
    assert_answer(&scene, "xyz");
    assert_int_equal(prompt_pollfds(scene.prompt, fds, CONSOLE_MAX), 0);
    terminal_assert_shows(&scene.terminals[1], "*\r\n");

    /* What the other one has typed is still there. */
    prompt_again(scene.prompt, "no key of \"%s\"", "state");
    assert_null(prompt_answer(scene.prompt, &length));
    assert_int_equal(prompt_timeout(scene.prompt), -1); /* the keyboards work */
    terminal_assert_shows(&scene.terminals[0], AGAIN("no key of \"state\"") "***");
    terminal_assert_shows(&scene.terminals[1], AGAIN("no key of \"state\""));
    expect(&scene, 1, "n", "*");
    terminal_type(&scene.terminals[0], "d\r");
    assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
    assert_answer(&scene, "abcd");
    prompt_say(scene.prompt, "checking");
    end(&scene);
    terminal_assert_restored(&scene.terminals[0]);
    terminal_assert_restored(&scene.terminals[1]);
    terminal_assert_rest(&scene.terminals[0], "*\r\n\r\033[Kchecking\r\n");
    terminal_assert_rest(&scene.terminals[1], "\r\033[Kchecking\r\n");
    close_all(&scene);
}

static void test_news(void **state)
{
    (void)state;
    struct scene scene;
    ask(&scene, 1);
    expect(&scene, 0, "ab", "**");
    prompt_say(scene.prompt, "volume \"%s\" is here", "nix");
    terminal_assert_shows(&scene.terminals[0], AGAIN("volume \"nix\" is here") "**");
    expect(&scene, 0, "\t", "\b \b\b \b");
    prompt_say(scene.prompt, "more");
    terminal_assert_shows(&scene.terminals[0], AGAIN("more"));
    terminal_type(&scene.terminals[0], "c\rright\r");
    assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
    assert_answer(&scene, "abc");
    /* While the answer is checked nothing is asked, and keys wait. */
    prompt_say(scene.prompt, "checking");
    assert_int_equal(prompt_feed(scene.prompt), PROMPT_ANSWERED);
    assert_int_equal(prompt_timeout(scene.prompt), -1);
    assert_answer(&scene, "abc");
    terminal_assert_shows(&scene.terminals[0], "\r\n\r\033[Kchecking\r\n");
    prompt_again(scene.prompt, "wrong");
    assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
    assert_answer(&scene, "right");
    end(&scene);
    terminal_assert_rest(&scene.terminals[0], AGAIN("wrong") "\r\n"); /* still without stars */
    close_all(&scene);
}

/* Nobody has answered. */
static void test_end(void **state)
{
    (void)state;
    struct scene scene;
    ask(&scene, 1);
    expect(&scene, 0, "ab", "**");
    end(&scene);
    prompt_end(NULL);
    terminal_assert_restored(&scene.terminals[0]);
    terminal_assert_rest(&scene.terminals[0], "\r\n");
    close_all(&scene);
}

static void test_hang_up(void **state)
{
    (void)state;
    struct scene scene;
    struct pollfd fds[CONSOLE_MAX];
    ask(&scene, 2);
    expect(&scene, 0, "lost", "****");
    terminal_hang_up(&scene.terminals[0]);
    expect(&scene, 1, "a", "*");
    assert_int_equal(prompt_pollfds(scene.prompt, fds, CONSOLE_MAX), 1);
    prompt_say(scene.prompt, "news");
    terminal_assert_shows(&scene.terminals[1], AGAIN("news") "*");
    terminal_hang_up(&scene.terminals[1]);
    assert_int_equal(await_answer(&scene), PROMPT_GONE);
    assert_int_equal(prompt_feed(scene.prompt), PROMPT_GONE);
    end(&scene);
    close(scene.terminals[0].device);
    close(scene.terminals[1].device);
}

static bool is_mapped(const void *address)
{
    uintptr_t page = (uintptr_t)address & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    unsigned char resident;
    return mincore((void *)page, 1, &resident) == 0; /* NOLINT: of a page that may be gone */
}

static void test_wiped(void **state)
{
    (void)state;
    struct scene scene;
    char typed[PROMPT_MAX + 1];
    static const char zeros[PROMPT_MAX + 1];
    size_t length;
    ask(&scene, 1);
    fill(typed, 's', PROMPT_MAX);
    terminal_type(&scene.terminals[0], typed);
    terminal_type(&scene.terminals[0], "\r");
    assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
    const char *answer = prompt_answer(scene.prompt, &length);
    assert_string_equal(answer, typed);
    prompt_again(scene.prompt, "wrong");
    assert_memory_equal(answer, zeros, sizeof(zeros));

    /* Shorter by editing: nothing stays behind the end. */
    terminal_type(&scene.terminals[0], "secret\025abcd\177\177\r");
    assert_int_equal(await_answer(&scene), PROMPT_ANSWERED);
    assert_answer(&scene, "ab");
    assert_memory_equal(answer + 2, zeros, sizeof(zeros) - 2);
    assert_true(is_mapped(answer));
    end(&scene);
    assert_false(is_mapped(answer));
    close_all(&scene);
}

static void test_keyboards(void **state)
{
    (void)state;
    struct scene scene;
    char names[400], shown[600];
    size_t count = keyboards_find(names, sizeof(names));
    snprintf(shown, sizeof(shown), AGAIN("%s%s") "*",
             count == 0   ? "no keyboard was found"
             : count == 1 ? "keyboard: "
                          : "keyboards: ",
             names);
    ask(&scene, 1);
    expect(&scene, 0, "a", "*");
    int timeout = prompt_timeout(scene.prompt);
    assert_in_range(timeout, 1, 5000);
    while ((timeout = prompt_timeout(scene.prompt)) >= 0) {
        struct pollfd fds[CONSOLE_MAX];
        (void)poll(fds, prompt_pollfds(scene.prompt, fds, CONSOLE_MAX), timeout); /* either way */
        assert_int_equal(prompt_feed(scene.prompt), PROMPT_WAITING);
    }
    terminal_assert_shows(&scene.terminals[0], shown);
    end(&scene);
    terminal_assert_rest(&scene.terminals[0], "\r\n"); /* told once */
    close_all(&scene);

    /* Keyboards here are of no interest to who is elsewhere. */
    ask(&scene, 1);
    prompt_from_afar(scene.prompt);
    assert_int_equal(prompt_timeout(scene.prompt), -1);
    end(&scene);
    close_all(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing),    cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_two_people), cmocka_unit_test(test_news),
        cmocka_unit_test(test_end),        cmocka_unit_test(test_hang_up),
        cmocka_unit_test(test_wiped),      cmocka_unit_test(test_keyboards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
