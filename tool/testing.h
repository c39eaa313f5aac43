/* What the tests of verbs share: the output of one as a text. */
#ifndef EBB_TOOL_TESTING_H
#define EBB_TOOL_TESTING_H

#include "base/testdata/scratch.h"

/* The text is complete when the stream is closed; for free(3). */
UNUSED static FILE *output_begin(char **text)
{
    static size_t length;
    FILE *out = open_memstream(text, &length);
    assert_non_null(out);
    return out;
}

UNUSED static void assert_text(const char *name, const char *text, const char *expected)
{
    if (strcmp(text, expected) == 0)
        return;
    fprintf(stderr, "%s:\n%s\nand not\n%s\n", name, text, expected); /* cmocka would cut it */
    fail();
}

#endif
