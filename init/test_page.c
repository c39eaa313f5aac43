#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "init/page.h"

static char *print(const struct page *page)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    page_print(page, stream);
    fclose(stream);
    return text;
}

/* As a terminal of 80 columns shows it. */
static int count_rows(const char *text)
{
    int rows = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        rows += end == text ? 1 : (int)(end - text + 79) / 80;
    return rows;
}

static void test_usual(void **state)
{
    (void)state;
    const struct page page = {
        .step = "mount the volume \"state\": ext4",
        .origin = "/etc/ebb/ebb.conf:2",
        .error = "it cannot be mounted; mend it",
        .done = 7,
        .last = "load the module ext4",
        .blocks = "  /dev/sda ext4 LABEL=EBB\n",
        .undriven = "  usb:v46F4p0001  USB disk\n",
    };
    auto_string text = print(&page);
    assert_string_equal(text, "\n"
                              "ebb: rescue: the boot cannot go on\n"
                              "\n"
                              "  at: mount the volume \"state\": ext4  (/etc/ebb/ebb.conf:2)\n"
                              "  it cannot be mounted; mend it\n"
                              "\n"
                              "done before: 7 steps, the last: load the module ext4\n"
                              "block devices:\n"
                              "  /dev/sda ext4 LABEL=EBB\n"
                              "devices without a driver in the image:\n"
                              "  usb:v46F4p0001  USB disk\n"
                              "\n");
}

static void test_least(void **state)
{
    (void)state;
    auto_string text = print(&(struct page){.error = "it failed", .undriven = ""});
    assert_string_equal(text, "\nebb: rescue: the boot cannot go on\n\n  it failed\n\n\n");
    auto_string one = print(&(struct page){.error = "it failed", .done = 1, .last = "begin"});
    assert_non_null(strstr(one, "\ndone before: 1 step, the last: begin\n"));
}

/* `count` lines of `width` bytes. */
static char *make_list(int count, int width)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    for (int i = 1; i <= count; i++)
        fprintf(stream, "  %-*d\n", width - 2, i);
    fclose(stream);
    return text;
}

/* Two rows are the menu's. What is left out and what is shown are all there is. */
static void test_cut(void **state)
{
    (void)state;
    static const struct {
        int blocks, block_width, undriven, undriven_width, error;
    } cases[] = {
        {100, 30, 0, 30, 100}, {100, 30, 100, 30, 100}, {3, 30, 100, 30, 200},
        {100, 30, 2, 30, 90},  {40, 100, 40, 90, 160},  {1, 30, 1, 30, 500},
        {12, 30, 0, 30, 75},   {13, 30, 0, 30, 75},     {14, 30, 0, 30, 75},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char error[512] = "";
        memset(error, 'e', (size_t)cases[i].error);
        auto_string blocks = make_list(cases[i].blocks, cases[i].block_width);
        auto_string undriven = make_list(cases[i].undriven, cases[i].undriven_width);
        const struct page page = {"step", "origin", error, 4, "the last", blocks, undriven};
        auto_string text = print(&page);
        if (count_rows(text) > 22)
            fail_msg("case %zu has %d rows:\n%s", i, count_rows(text), text);
        const char *at = strstr(text, "block devices:\n");
        const int all[] = {cases[i].blocks, cases[i].undriven};
        for (size_t list = 0; list < 2 && all[list]; list++) {
            int left = 0, number, shown = 0;
            assert_non_null(at);
            at = strchr(at, '\n') + 1;
            while (sscanf(at, "  %d", &number) == 1 && strncmp(at, "  ", 2) == 0) {
                assert_int_equal(number, ++shown);
                at = strchr(at, '\n') + 1;
            }
            if (sscanf(at, "  and %d more\n", &left) == 1)
                at = strchr(at, '\n') + 1;
            assert_true(shown > 0);
            assert_int_equal(shown + left, all[list]);
        }
    }
}

/* Nothing is cut that would have had room. */
static void test_full(void **state)
{
    (void)state;
    auto_string thirteen = make_list(13, 30);
    auto_string fourteen = make_list(14, 30);
    struct page page = {"step", "origin", "error", 4, "the last", thirteen, NULL};
    auto_string fits = print(&page);
    page.blocks = fourteen;
    auto_string cut = print(&page);
    assert_null(strstr(fits, "more\n"));
    assert_int_equal(count_rows(fits), 22);
    assert_non_null(strstr(cut, "  and 2 more\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_least),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
