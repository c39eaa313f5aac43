/* What the tests of verbs share: the output of one as a text. */
#ifndef EBB_TOOL_TESTING_H
#define EBB_TOOL_TESTING_H

#include "base/testdata/scratch.h"

#include "generations/record.h"

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

/* The record of boots, which is that of the volume in root/persist. */
UNUSED static int open_record(struct record *record)
{
    struct error error;
    auto_fd volume = open_folder("root/persist");
    int fd = record_open(volume, ".ebb/record", true, &error);
    assert_true(fd >= 0 && record_read(fd, record, &error) == 0);
    return fd;
}

/* What became of boots. */
UNUSED static void put_record(uint32_t chosen, uint32_t last_good, uint32_t failed)
{
    struct error error;
    struct record record;
    auto_fd fd = open_record(&record);
    record.chosen = chosen;
    record.last_good = last_good;
    if (failed)
        record_add(&record, failed)->stage = RECORD_FAILED;
    assert_int_equal(record_write(fd, &record, &error), 0);
}

UNUSED static void put_trial(uint32_t state, uint32_t generation, uint32_t back)
{
    struct error error;
    struct record record;
    auto_fd fd = open_record(&record);
    record.trial = (struct record_trial){.state = state, .generation = generation, .back = back};
    assert_int_equal(record_write(fd, &record, &error), 0);
}

#endif
