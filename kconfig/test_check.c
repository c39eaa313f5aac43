#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "base/path.h"
#include "kconfig/check.h"

static struct options text_options(const char *path, const char *text)
{
    return (struct options){.path = path, .text = text, .length = strlen(text)};
}

/* "LINE OPTION WANTED FOUND REASON;" for each gap, or the error. */
static const char *check(struct arena *arena, const struct options *fragment,
                         const struct options *kernel)
{
    struct option_gap *gaps = NULL;
    size_t count = 0;
    struct error error = {0};
    if (options_check(arena, fragment, kernel, &gaps, &count, &error) < 0)
        return arena_string(arena, error.text);
    char *text = arena_string(arena, "");
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%u %s %s %s %s%s;", text, gaps[i].line, gaps[i].option,
                            option_value_text(gaps[i].wanted), option_value_text(gaps[i].found),
                            gaps[i].advised ? "perhaps " : "", gaps[i].reason);
    return text;
}

static void test_gaps(void **state)
{
    (void)state;
    static const struct {
        const char *fragment, *kernel, *expected;
    } cases[] = {
        {"CONFIG_A=y # why", "CONFIG_A=y\n", ""},
        {"CONFIG_A=y # why", "CONFIG_A=m\n", "1 CONFIG_A y m why;"},
        {"CONFIG_A=y # why", "# CONFIG_A is not set\nCONFIG_B=y", "1 CONFIG_A y n why;"},
        {"CONFIG_A=y # why", "CONFIG_AB=y\nCONFIG_=y\n", "1 CONFIG_A y n why;"},
        {"CONFIG_A=m # why", "CONFIG_A=m", ""},
        {"CONFIG_A=m # why", "CONFIG_A=y", ""},
        {"CONFIG_A=m # why", "CONFIG_A=n", "1 CONFIG_A m n why;"},
        /* without a reason, with comments, blank lines and the line ends of other systems */
        {"# head\n\n  CONFIG_A=m\r\nCONFIG_B=y\t#\tb  \n", "CONFIG_C=y\r\n",
         "3 CONFIG_A m n ;4 CONFIG_B y n b;"},
        /* the last line of several counts */
        {"CONFIG_A=y", "CONFIG_A=y\n# CONFIG_A is not set\n", "1 CONFIG_A y n ;"},
        {"CONFIG_A=y", "# CONFIG_A is not set\nCONFIG_A=y\n", ""},
        /* numbers and strings are there; junk is not */
        {"CONFIG_A=y", "CONFIG_A=17", ""},
        {"CONFIG_A=y", "CONFIG_A=\"m\"", ""},
        {"CONFIG_A=y", "CONFIG_A=\nCONFIG_B=y", "1 CONFIG_A y n ;"},
        {"CONFIG_A=y", "XCONFIG_A=y\nCONFIG_A y\n# CONFIG_A is not settled\nCONFIG_B=y",
         "1 CONFIG_A y n ;"},
        {"", "CONFIG_A=y", ""},
        /* no must, and a reason that only speaks of advice */
        {"CONFIG_A=y # advised: why\nCONFIG_B=m # as advised: why\nCONFIG_C=y # advised:",
         "CONFIG_A=m",
         "1 CONFIG_A y m perhaps why;2 CONFIG_B m n as advised: why;3 CONFIG_C y n "
         "perhaps ;"},
        {"CONFIG_A=y", "", "\"k\" is not a kernel configuration: no line of it sets an option"},
        {"CONFIG_A=y",
         "\x7f"
         "ELF\x02\x01 CONFIG_A=y",
         "\"k\" is not a kernel configuration: no line of it sets an option"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        struct options fragment = text_options("f", cases[i].fragment);
        struct options kernel = text_options("k", cases[i].kernel);
        assert_string_equal(check(arena, &fragment, &kernel), cases[i].expected);
    }
}

static void test_bad_fragments(void **state)
{
    (void)state;
    static const char *const lines[] = {"CONFIG_A",     "CONFIG_A=",        "CONFIG_A=n # why",
                                        "CONFIG_A=yes", "CONFIG_A=y#why",   "CONFIG_A=y why",
                                        "A=y # why",    "CONFIG_=y # why",  "CONFIG_A-B=y # why",
                                        "CONFIG_A =y",  "CONFIG_A=\"y\" #", "config_A=y"};
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        auto_arena arena = arena_new();
        struct options kernel = text_options("k", "CONFIG_A=y\n");
        const char *text = arena_printf(arena, "CONFIG_A=y\n%s\n", lines[i]);
        struct options fragment = text_options("f", text);
        if (strncmp(check(arena, &fragment, &kernel), "f:2: ", 5) != 0)
            fail_msg("\"%s\" was accepted", lines[i]);
    }
}

static void test_zeros_are_bytes(void **state)
{
    (void)state;
    static const char kernel_text[] = "CONFIG_B=y\n\0\0\0\nCONFIG_A=y\0\nCONFIG_A=y\n";
    auto_arena arena = arena_new();
    struct options fragment = text_options("f", "CONFIG_A=y");
    struct options kernel = {.path = "k", .text = kernel_text, .length = sizeof(kernel_text) - 1};
    assert_string_equal(check(arena, &fragment, &kernel), "");
}

static void test_read(void **state)
{
    (void)state;
    static const char text[] = "CONFIG_A=y\nCONFIG_B=m\n";
    auto_arena arena = arena_new();
    char folder[] = "/tmp/ebb-check-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *plain = arena_printf(arena, "%s/plain", folder);
    const char *packed = arena_printf(arena, "%s/packed.gz", folder);
    const char *cut = arena_printf(arena, "%s/cut.gz", folder);
    struct error error = {0};
    assert_int_equal(path_write(AT_FDCWD, plain, text, strlen(text), 0600, &error), 0);
    gzFile file = gzopen(packed, "wb");
    for (int i = 0; i < 40000; i++) /* more than the first buffer */
        gzprintf(file, "# line %d\n", i * 7919);
    gzwrite(file, text, (unsigned int)strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
    auto_string bytes = NULL;
    size_t length = 0;
    assert_int_equal(path_read(AT_FDCWD, packed, 1 << 20, &bytes, &length, &error), 0);
    assert_int_equal(path_write(AT_FDCWD, cut, bytes, length / 2, 0600, &error), 0);

    struct options fragment = text_options("f", "CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=m"), kernel;
    static const char expected[] = "2 CONFIG_B y m ;3 CONFIG_C m n ;";
    assert_int_equal(options_read(arena, plain, &kernel, &error), 0);
    assert_string_equal(kernel.path, plain);
    assert_string_equal(check(arena, &fragment, &kernel), expected);
    assert_int_equal(options_read(arena, packed, &kernel, &error), 0);
    assert_string_equal(check(arena, &fragment, &kernel), expected);
    assert_int_equal(options_read(arena, cut, &kernel, &error), -EBADMSG);
    assert_non_null(strstr(error.text, cut));
    assert_int_equal(options_read(arena, folder, &kernel, &error), -EBADMSG);
    unlink(plain), unlink(packed), unlink(cut), rmdir(folder);
    assert_int_equal(options_read(arena, plain, &kernel, &error), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_bad_fragments),
        cmocka_unit_test(test_zeros_are_bytes),
        cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
