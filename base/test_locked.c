#include "base/testdata/shell.h"

#include <errno.h>
#include <inttypes.h>

#include "base/locked.h"

/* The flags that the kernel shows of the pages at an address: "rd wr mr ... lo dd". */
static void read_flags(const void *address, char flags[256])
{
    auto_file maps = fopen("/proc/self/smaps", "re");
    char line[512];
    bool here = false;
    assert_non_null(maps);
    flags[0] = '\0';
    while (fgets(line, sizeof(line), maps)) {
        uintptr_t from, to;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            here = from <= (uintptr_t)address && (uintptr_t)address < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, 256, "%.255s", line + 8);
    }
}

static void test_locked(void **state)
{
    (void)state;
    struct error error;
    void *memory = NULL;
    char flags[256];
    size_t size = 10000;
    assert_int_equal(locked_new(size, &memory, &error), 0);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(((char *)memory)[i], 0);
    memset(memory, 's', size);
    read_flags((char *)memory + size - 1, flags);
    assert_contains(flags, " dd");
#ifndef __SANITIZE_ADDRESS__ /* which makes mlock do nothing */
    assert_contains(flags, " lo");
#endif
    locked_free(memory, size);
    read_flags((char *)memory + size - 1, flags);
    assert_string_equal(flags, "");
    locked_free(NULL, size);
}

static void test_refused(void **state)
{
    (void)state;
    struct error error;
    void *memory = NULL;
    assert_int_equal(locked_new(SIZE_MAX / 2, &memory, &error), -ENOMEM);
    assert_null(memory);
    assert_contains(error.text, "for a secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_locked),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
