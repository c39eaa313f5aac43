#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
