#include "image/testing.h"

#include <errno.h>
#include <sys/stat.h>

#include "image/archive.h"

/* A folder "in" with one of each, packed by the cpio of the system as "plain.cpio". */
static void make_archive(const char *format)
{
    need_tool("cpio");
    must_run("mkdir -p in/usr/lib in/etc && printf 'hello\\n' >in/etc/motd && : >in/etc/empty &&"
             "ln -sfn usr/lib in/lib && printf 0123456789 >in/usr/lib/first &&"
             "ln -f in/usr/lib/first in/usr/lib/second && chmod 4755 in/etc/motd");
    must_run("cd in && find . | LC_ALL=C sort | cpio -o --quiet -H %s >../plain.cpio", format);
}

static int read_image(const char *path, struct archive *archive, char **data, struct error *error)
{
    size_t length = 0;
    *data = content_of(path, &length);
    return archive_read(archive, path, *data, length, error);
}

static void assert_whole(const struct archive *archive, size_t start, unsigned segment,
                         const char *compression)
{
    static const struct {
        const char *path;
        mode_t mode;
        const char *data, *target;
    } expected[] = {
        {".", S_IFDIR | 0755, NULL, NULL},
        {"etc", S_IFDIR | 0755, NULL, NULL},
        {"etc/empty", S_IFREG | 0644, "", NULL},
        {"etc/motd", S_IFREG | 04755, "hello\n", NULL},
        {"lib", S_IFLNK | 0777, NULL, "usr/lib"},
        {"usr", S_IFDIR | 0755, NULL, NULL},
        {"usr/lib", S_IFDIR | 0755, NULL, NULL},
        {"usr/lib/first", S_IFREG | 0644, "0123456789", NULL},
        {"usr/lib/second", S_IFREG | 0644, "0123456789", NULL},
    };
    assert_true(archive->count >= start + ARRAY_LENGTH(expected));
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        const struct archive_entry *entry = &archive->entries[start + i];
        assert_string_equal(entry->path, expected[i].path);
        assert_int_equal(entry->mode, expected[i].mode);
        assert_int_equal(entry->segment, segment);
        assert_string_equal(entry->compression, compression);
        if (expected[i].target)
            assert_string_equal(entry->target, expected[i].target);
        else
            assert_null(entry->target);
        if (expected[i].data) {
            assert_int_equal(entry->size, strlen(expected[i].data));
            assert_memory_equal(entry->data, expected[i].data, entry->size);
        }
    }
}

static void test_formats(void **state)
{
    (void)state;
    static const char *const formats[] = {"newc", "crc"};
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        struct error error = {0};
        auto_string data = NULL;
        make_archive(formats[i]);
        auto_archive archive = archive_new();
        int code = read_image("plain.cpio", archive, &data, &error);
        assert_string_equal(error.text, "");
        assert_int_equal(code, 0);
        assert_int_equal(archive->count, 9);
        assert_whole(archive, 0, 1, "none");
        assert_int_equal(archive->entries[8].links, 2);
        assert_true(archive->entries[8].mtime > 1000000000);
    }
}

static void test_segments(void **state)
{
    (void)state;
    static const struct {
        const char *tool, *command, *name;
    } packers[] = {
        {"gzip", "gzip -n", "gzip"},      {"zstd", "zstd -q", "zstd"},
        {"xz", "xz --check=crc32", "xz"}, {"xz", "xz --format=lzma", "lzma"},
        {"lz4", "lz4 -q", "lz4"},         {"bzip2", "bzip2", "bzip2"},
        {"cat", "cat", "none"},           {"lz4", "lz4 -q -l", "lz4"},
    };
    make_archive("newc");
    make_file("image", NULL, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(packers); i++) {
        need_tool(packers[i].tool);
        /* the padding that a boot loader or dracut puts there; at times none at all */
        must_run("%s <plain.cpio >>image && truncate -s %s image", packers[i].command,
                 i % 3 == 0 && i < 5 ? "+0" : "%4");
    }
    struct error error = {0};
    auto_string data = NULL;
    auto_archive archive = archive_new();
    (void)read_image("image", archive, &data, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(archive->count, 9 * ARRAY_LENGTH(packers));
    for (size_t i = 0; i < ARRAY_LENGTH(packers); i++)
        assert_whole(archive, 9 * i, (unsigned)i + 1, packers[i].name);
}

/* Several archives inside one compressed part. */
static void test_archives_within(void **state)
{
    (void)state;
    make_archive("newc");
    must_run("cat plain.cpio plain.cpio | gzip >image");
    struct error error;
    auto_string data = NULL;
    auto_archive archive = archive_new();
    assert_int_equal(read_image("image", archive, &data, &error), 0);
    assert_int_equal(archive->count, 18);
    assert_whole(archive, 9, 2, "gzip");
}

/* Names of two files, mixed as the kernel's own gen_init_cpio may do; the content comes with one.
 */
static void test_hard_links(void **state)
{
    (void)state;
    static const struct {
        unsigned inode;
        const char *name, *body, *content;
    } cases[] = {
        {7, "a", "", "one"}, {8, "b", "two", "two"}, {7, "c", "old", "one"},
        {8, "d", "", "two"}, {7, "e", "one", "one"}, {7, "f", "", "one"},
    };
    char image[1024] = "";
    size_t length = 0;
    for (size_t i = 0; i <= ARRAY_LENGTH(cases); i++) {
        int last = i == ARRAY_LENGTH(cases);
        const char *name = last ? "TRAILER!!!" : cases[i].name, *body = last ? "" : cases[i].body;
        snprintf(image + length, sizeof(image) - length,
                 "070701%08X%08X%016X%08X%08X%08zX%032X%08zX%08X%s", last ? 0 : cases[i].inode,
                 last ? 0 : S_IFREG | 0644, 0, 4, 0, strlen(body), 0, strlen(name) + 1, 0, name);
        length = (length + 110 + strlen(name) + 1 + 3) & ~(size_t)3;
        snprintf(image + length, sizeof(image) - length, "%s", body);
        length = (length + strlen(body) + 3) & ~(size_t)3;
    }
    struct error error = {0};
    auto_archive archive = archive_new();
    (void)archive_read(archive, "X", image, length, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(archive->count, ARRAY_LENGTH(cases));
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(archive->entries[i].path, cases[i].name);
        assert_int_equal(archive->entries[i].size, 3);
        assert_memory_equal(archive->entries[i].data, cases[i].content, 3);
    }
}

static void assert_cut_off(const char *data, size_t length)
{
    struct error error;
    auto_archive archive = archive_new();
    assert_true(archive_read(archive, "X", data, length, &error) < 0);
    assert_contains(error.text, "\"X\" is cut off");
    for (size_t i = 0; i < archive->count; i++)
        if (archive->entries[i].data && archive->entries[i].size)
            assert_in_range(archive->entries[i].data, data, data + length - 1);
}

static void test_cut_off(void **state)
{
    (void)state;
    make_archive("crc");
    size_t length = 0, whole = 0;
    auto_string data = content_of("plain.cpio", &length);
    while (length && data[length - 1] == 0)
        length--;
    whole = length + 1;     /* with the NUL of the trailer's name */
    static char room[8192]; /* behind its end the address sanitizer watches */
    char *end = room + sizeof(room);
    assert_true(whole <= sizeof(room));
    for (size_t cut = 1; cut < whole; cut++)
        assert_cut_off(memcpy(end - cut, data, cut), cut);
}

static void test_cut_off_words(void **state)
{
    (void)state;
    make_archive("newc");
    must_run("head -c 160 /dev/zero | tr '\\0' A >in/usr/lib/zzz");
    must_run("cd in && find . | LC_ALL=C sort | cpio -o --quiet -H newc >../plain.cpio");
    must_run("gzip -9 <plain.cpio >plain.gz && zstd -q plain.cpio");
    size_t length = 0;
    auto_string data = content_of("plain.cpio", &length);
    char *middle = memmem(data, length, "AAAA", 4);
    assert_non_null(middle);
    struct error error;
    auto_archive archive = archive_new();
    assert_true(archive_read(archive, "X", data, (size_t)(middle - data) + 5, &error) < 0);
    char expected[128];
    snprintf(expected, sizeof(expected),
             "\"X\" is cut off in the middle of \"usr/lib/zzz\" at byte %zu",
             (size_t)(middle - data) + 5);
    assert_string_equal(error.text, expected);
    assert_int_equal(archive->count, 9);
    assert_whole(archive, 0, 1, "none");

    static const char *const packed[] = {"plain.gz", "plain.cpio.zst"};
    for (size_t i = 0; i < ARRAY_LENGTH(packed); i++) {
        auto_string bytes = content_of(packed[i], &length);
        for (size_t cut = 6; cut < length; cut++) {
            auto_archive other = archive_new();
            assert_true(archive_read(other, "X", bytes, cut, &error) < 0);
            assert_contains(error.text, "data is cut off");
            if (other->count == 9)
                assert_whole(other, 0, 1, i ? "zstd" : "gzip");
        }
    }
    auto_string bytes = content_of("plain.gz", &length);
    auto_archive other = archive_new();
    assert_true(archive_read(other, "X", bytes, length - 8 - 4, &error) < 0);
    assert_true(other->count >= 5);
    assert_contains(error.text, "of its segment 1, once unpacked from gzip");
}

/* The fields from the mode to the size. */
#define LINK_OF_64K                                                                                \
    "0000A1FF00000000000000000000000100000000"                                                     \
    "00010000"

static void test_damage(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t offset; /* in the entry "etc/motd" */
        const char *bytes, *text;
    } cases[] = {
        {"magic", 0, "x", "has no cpio header where one belongs"},
        {"old format", 0, "070707", "old format"},
        {"not hex", 14, "g", "not in hexadecimal"},
        {"long name", 94, "00001001", "impossible length of a name"},
        {"no name", 94, "00000000", "impossible length of a name"},
        {"longest", 94, "FFFFFFFF", "impossible length of a name"},
        {"no end", 94, "00000004", "a name without an end"},
        {"huge file", 54, "FFFFFFFF", "is cut off in the middle of \"etc/motd\""},
        {"checksum", 102, "00000000", "has a wrong checksum in \"etc/motd\""},
        {"content", 120, "H", "has a wrong checksum in \"etc/motd\""},
        {"link size", 14, LINK_OF_64K, "impossible length of the link"},
    };
    make_archive("crc");
    must_run("head -c 70000 /dev/zero >>plain.cpio");
    size_t length = 0;
    auto_string data = content_of("plain.cpio", &length);
    char *name = memmem(data, length, "etc/motd", 8);
    assert_non_null(name);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        auto_string copy = malloc(length);
        memcpy(copy, data, length);
        memcpy(copy + (name - data) - 110 + cases[i].offset, cases[i].bytes,
               strlen(cases[i].bytes));
        auto_archive archive = archive_new();
        assert_int_equal(archive_read(archive, "X", copy, length, &error), -EBADMSG);
        assert_contains(error.text, cases[i].text);
        assert_int_equal(archive->count, 3);
    }
}

static void test_no_archive(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *text;
    } cases[] = {
        {"", 0, "\"X\" holds no archive"},
        {"\0\0\0\0", 4, "\"X\" holds no archive"},
        {"\0\0"
         "070701",
         8, "neither cpio nor a known compression"},
        {"MZ..............", 16, "neither cpio nor a known compression"},
        {"\x89LZO\0\r\n\x1a\n", 9, "compressed with lzo, which ebb cannot"},
        {"070701", 6, "is cut off"},
        {"0", 1, "is cut off"},
        {"\x1f\x8b", 2, "behind byte 0: the gzip data is cut off"},
        {"\x89", 1, "neither"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        auto_archive archive = archive_new();
        assert_true(archive_read(archive, "X", cases[i].bytes, cases[i].length, &error) < 0);
        assert_contains(error.text, cases[i].text);
        assert_int_equal(archive->count, 0);
    }
    archive_free(NULL);
}

/* Flipped bytes anywhere: an error or another content, never a crash. */
static void test_noise(void **state)
{
    (void)state;
    make_archive("crc");
    size_t length = 0, refused = 0;
    auto_string data = content_of("plain.cpio", &length);
    for (size_t at = 0; at < length; at++) {
        struct error error;
        data[at] ^= 0x41;
        auto_archive archive = archive_new();
        refused += archive_read(archive, "X", data, length, &error) < 0;
        data[at] ^= 0x41;
    }
    assert_true(refused > length / 4);
}

static void test_find(void **state)
{
    (void)state;
    static const struct {
        const char *path, *content;
    } cases[] = {
        {"etc/motd", "hello\n"},
        {"/etc/motd", "hello\n"},
        {"./etc//motd", "hello\n"},
        {"lib/first", "new"},
        {"/usr/lib/second", "0123456789"},
        {"etc/alias", "new"},
        {"etc/circle", NULL},
        {"etc/nothing", NULL},
        {"etc/mot", NULL},
    };
    make_archive("newc");
    must_run("rm -rf in && mkdir -p in/usr/lib in/etc && printf new >in/usr/lib/first &&"
             "ln -s ../lib/first in/etc/alias && ln -s circle in/etc/circle");
    must_run("cd in && find etc usr | cpio -o --quiet -H newc | gzip >>../plain.cpio");
    struct error error;
    auto_string data = NULL;
    auto_archive archive = archive_new();
    assert_int_equal(read_image("plain.cpio", archive, &data, &error), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct archive_entry *entry = archive_find(archive, cases[i].path);
        if (!cases[i].content) {
            assert_null(entry);
            continue;
        }
        assert_non_null(entry);
        assert_int_equal(entry->size, strlen(cases[i].content));
        assert_memory_equal(entry->data, cases[i].content, entry->size);
    }
}

static void test_real_image(void **state)
{
    (void)state;
    need_tool("lsinitramfs");
    if (!succeeds("ls /boot/initrd.img-* >/dev/null 2>&1"))
        skip_because("no initramfs of this system");
    must_run("cp $(ls /boot/initrd.img-* | head -n 1) real && lsinitramfs ./real | LC_ALL=C sort "
             ">names");
    struct error error = {0};
    auto_string data = NULL;
    auto_archive archive = archive_new();
    (void)read_image("real", archive, &data, &error);
    assert_string_equal(error.text, "");
    auto_file output = fopen("ours", "w");
    for (size_t i = 0; i < archive->count; i++)
        fprintf(output, "%s\n", archive->entries[i].path);
    assert_int_equal(fflush(output), 0);
    must_run("LC_ALL=C sort ours | diff - names");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_formats, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_segments, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_archives_within, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_hard_links, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_cut_off, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_cut_off_words, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_damage, enter_scratch, leave_scratch),
        cmocka_unit_test(test_no_archive),
        cmocka_unit_test_setup_teardown(test_noise, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_find, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_real_image, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
