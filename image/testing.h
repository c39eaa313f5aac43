/* What the tests of this folder share: other people's programs as independent witnesses (need_tool,
 * must_run), and files of the scratch folder, whole. */
#ifndef EBB_IMAGE_TESTING_H
#define EBB_IMAGE_TESTING_H

#include "base/testdata/shell.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

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
