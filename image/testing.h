/* What the tests of this folder share: a scratch folder as the current one, and other people's
 * programs as independent witnesses. MUST_WORK=1 makes a missing witness a failure. */
#ifndef EBB_IMAGE_TESTING_H
#define EBB_IMAGE_TESTING_H

/* The order is cmocka's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

#define UNUSED __attribute__((unused))

UNUSED static void skip_because(const char *reason)
{
    const char *must_work = getenv("MUST_WORK");
    if (must_work && strcmp(must_work, "1") == 0)
        fail_msg("%s", reason);
    print_message("SKIP: %s\n", reason);
    skip();
}

UNUSED static int enter_scratch(void **state)
{
    char *folder = strdup("/tmp/ebb-test-XXXXXX");
    *state = folder;
    return folder && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

UNUSED static int leave_scratch(void **state)
{
    auto_string folder = *state;
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* Whether a shell command succeeds. */
__attribute__((format(printf, 1, 2))) UNUSED static int succeeds(const char *format, ...)
{
    char command[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    return system(command) == 0;
}
#define must_run(...)                                                                              \
    do {                                                                                           \
        if (!succeeds(__VA_ARGS__))                                                                \
            fail_msg(__VA_ARGS__);                                                                 \
    } while (0)

UNUSED static void need_tool(const char *name)
{
    char reason[128];
    snprintf(reason, sizeof(reason), "\"%s\" is not installed", name);
    if (!succeeds("command -v %s >/dev/null", name))
        skip_because(reason);
}

/* The whole of a file of the scratch folder, for free(3). */
UNUSED static char *content_of(const char *path, size_t *length)
{
    struct error error;
    char *text = NULL;
    if (path_read(AT_FDCWD, path, SIZE_MAX, &text, length, &error) < 0)
        fail_msg("%s", error.text);
    return text;
}

UNUSED static void make_file(const char *path, const void *data, size_t length)
{
    struct error error;
    if (path_write(AT_FDCWD, path, data, length, 0644, &error) < 0)
        fail_msg("%s", error.text);
}

UNUSED static void assert_content(const char *path, const void *data, size_t length)
{
    size_t found = 0;
    auto_string text = content_of(path, &found);
    assert_int_equal(found, length);
    if (length)
        assert_memory_equal(text, data, length);
}

UNUSED static void assert_text(const char *path, const char *text)
{
    auto_string found = content_of(path, NULL);
    assert_string_equal(found, text);
}

UNUSED static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

/* Bytes that compress somewhat, the same on every run. */
UNUSED static void fill(char *data, size_t length)
{
    uint32_t number = 1;
    for (size_t i = 0; i < length; i++) {
        number = number * 1664525 + 1013904223;
        data[i] = (char)(number >> 29);
    }
}

#endif
