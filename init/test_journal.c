#include "base/testdata/scratch.h"

#include "init/journal.h"

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *record, *text;
    } cases[] = {
        {"6,123,4567890,-;ebb: begin\n", "ebb: begin"},
        {"14,123,4567890,-;ebb: a daemon may say so too\n", "ebb: a daemon may say so too"},
        {"6,124,4567890,-;virtio_blk virtio0: [vda] 131072\n SUBSYSTEM=virtio\n", NULL},
        {"4,125,4567890,-;a warning of the kernel\n SUBSYSTEM=virtio\n DEVICE=+virtio:virtio0\n",
         "a warning of the kernel"},
        {"3,126,4567890,c;an error; with two parts\n", "an error; with two parts"},
        {"5,127,4567890,-;a notice\n", NULL},
        {"12,128,4567890,-;a warning of a daemon\n", "a warning of a daemon"},
        {"6,129,4567890,-;not ebb: begin\n", NULL},
        {"3,130,4567890,-;", ""},
        {"3 what is this", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char record[256];
        strcpy(record, cases[i].record);
        const char *text = journal_text(record);
        if (!cases[i].text)
            assert_null(text);
        else
            assert_string_equal(text, cases[i].text);
    }
}

/* What is kept only a guest can show (qemu-tests/test_handoff.c). */
static void test_cannot_be_kept(void **state)
{
    (void)state; /* nothing is written */
    log_begin();
    journal_keep("none/ebb.log");
    auto_string log = log_end();
    assert_string_equal(log,
                        "ebb: ignoring that the log cannot be kept in \"none/ebb.log\": No such "
                        "file or directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text),
                                       cmocka_unit_test(test_cannot_be_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
