#include "image/testing.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "image/cpio.h"

static const struct cpio_entry entries[] = {
    {"/dev", S_IFDIR | 0755, 2, 0, 0, NULL, 0},
    {"/dev/console", S_IFCHR | 0600, 1, 5, 1, NULL, 0},
    {"/empty", S_IFREG | 0600, 1, 0, 0, NULL, 0},
    {"/five", S_IFREG | 0755, 1, 0, 0, "12345", 5},
    {"/link", S_IFLNK | 0777, 1, 0, 0, "dev/null", 8},
    {"/näme with blanks", S_IFREG | 0644, 1, 0, 0, "x", 1},
};

/* Writes the archive to "x.cpio", through the compressor and an independent decompressor. */
static void write_archive(const struct cpio_entry *list, size_t count)
{
    struct error error;
    const char *data = NULL;
    size_t length = 0;
    auto_compressor compressor = compressor_new(1);
    struct cpio cpio = {.sink = compressor};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(cpio_write(&cpio, &list[i], &error), 0);
    cpio_finish(&cpio);
    assert_int_equal(compressor_finish(compressor, &data, &length, &error), 0);
    make_file("x.cpio.zst", data, length);
    must_run("zstd -dqf x.cpio.zst -o x.cpio");
}

static void test_witness(void **state)
{
    (void)state;
    need_tool("zstd");
    need_tool("cpio");
    write_archive(entries, ARRAY_LENGTH(entries));
    must_run("TZ=UTC LC_ALL=C.UTF-8 cpio -itvn --quiet <x.cpio >list");
    assert_text("list",
                "drwxr-xr-x   2 0        0               0 Jan  1  1970 dev\n"
                "crw-------   1 0        0          5,   1 Jan  1  1970 dev/console\n"
                "-rw-------   1 0        0               0 Jan  1  1970 empty\n"
                "-rwxr-xr-x   1 0        0               5 Jan  1  1970 five\n"
                "lrwxrwxrwx   1 0        0               8 Jan  1  1970 link -> dev/null\n"
                "-rw-r--r--   1 0        0               1 Jan  1  1970 näme with blanks\n");
    must_run("mkdir out && cd out && cpio -idm --quiet -f dev/console <../x.cpio");
    assert_text("out/five", "12345");
    assert_text("out/empty", "");
    assert_text("out/näme with blanks", "x");
    must_run("test \"$(readlink out/link)\" = dev/null");
    must_run("test \"$(stat -c %%a,%%Y out/five)\" = 755,0");
}

static void test_bytes(void **state)
{
    (void)state;
    need_tool("zstd");
    write_archive(entries + 3, 1);
    static const char expected[] = "070701"
                                   "00000001"
                                   "000081ED"
                                   "00000000"
                                   "00000000"
                                   "00000001"
                                   "00000000"
                                   "00000005"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "00000005"
                                   "00000000"
                                   "five\0\0"
                                   "12345\0\0\0"
                                   "070701"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "00000001"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "00000000"
                                   "0000000B"
                                   "00000000"
                                   "TRAILER!!!\0\0\0\0";
    assert_content("x.cpio", expected, sizeof(expected) - 1);
}

static void test_inodes(void **state)
{
    (void)state;
    need_tool("zstd");
    write_archive(entries, ARRAY_LENGTH(entries));
    size_t length = 0, found = 0;
    auto_string data = content_of("x.cpio", &length);
    for (size_t at = 0; at + 110 <= length; at += 4) {
        char inode[15];
        snprintf(inode, sizeof(inode), "070701%08zX", found + 1);
        found += memcmp(data + at, inode, 14) == 0;
    }
    assert_int_equal(found, ARRAY_LENGTH(entries));
    assert_int_equal(length % 4, 0);
}

static void test_refusals(void **state)
{
    (void)state;
    static char name[PATH_MAX + 2] = "/";
    memset(name + 1, 'n', PATH_MAX);
    const struct {
        const char *path;
        size_t length;
        const char *text;
    } cases[] = {
        {"/big", (size_t)UINT32_MAX + 1, "\"/big\" is larger than 4 GiB"},
        {name, 0, "is longer than the kernel's 4095 bytes"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        auto_compressor compressor = compressor_new(1);
        struct cpio cpio = {.sink = compressor};
        struct cpio_entry entry = {cases[i].path, S_IFREG, 1, 0, 0, "", cases[i].length};
        assert_true(cpio_write(&cpio, &entry, &error) < 0);
        assert_contains(error.text, cases[i].text);
        assert_int_equal(cpio.written, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_witness, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_bytes, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_inodes, enter_scratch, leave_scratch),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
