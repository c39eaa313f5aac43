/* Files in FAT32, made by mkfs.vfat and mtools. */
#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/run.h"
#include "vm/disk.h"
#include "vm/fat.h"

static void make(const struct disk *disk)
{
    static const char *const programs[][2] = {{"mkfs.vfat", "dosfstools"}, {"mcopy", "mtools"}};
    char path[PATH_MAX];
    struct error error;
    const char *must_work = getenv("MUST_WORK");
    for (size_t i = 0; i < ARRAY_LENGTH(programs); i++)
        if (run_find(programs[i][0], programs[i][1], path, sizeof(path), &error) < 0) {
            if (must_work && strcmp(must_work, "1") == 0)
                fail_msg("%s", error.text);
            print_message("SKIP: %s\n", error.text);
            skip();
        }
    if (disk_make(disk, &error) < 0)
        fail_msg("%s", error.text);
}

static struct fat open_image(struct arena *arena, const char *image)
{
    struct error error;
    struct fat fat;
    if (fat_open(arena, image, &fat, &error) < 0)
        fail_msg("%s", error.text);
    return fat;
}

static void assert_text(struct arena *arena, const struct fat *fat, const char *path,
                        const char *expected)
{
    struct error error;
    char *text;
    if (fat_read(arena, fat, path, &text, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(text, expected);
}

#define LONG_NAME "a name that is longer than three parts of it.conf"

static void test_files(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    auto_arena arena = arena_new();
    must_run("mkdir -p t/loader/entries t/EFI t/many && echo one > t/loader/entries/ebb.conf && "
             "echo two > 't/loader/entries/" LONG_NAME "' && seq 20000 > t/EFI/BIG.EFI && "
             ": > t/EFI/empty && for i in $(seq 60); do echo $i > t/many/number-$i; done");
    const struct disk disk = {
        .path = "image", .fs_type = "vfat", .content = "t", .esp = true, .label = "ESP"};
    make(&disk);
    AUTO(fat_close) struct fat fat = open_image(arena, "image");
    assert_text(arena, &fat, "/loader/entries/ebb.conf", "one\n");
    assert_text(arena, &fat, "loader/ENTRIES/" LONG_NAME, "two\n");
    assert_text(arena, &fat, "/many/number-59", "59\n");
    assert_text(arena, &fat, "/efi/empty", "");
    char *text;
    size_t length, count;
    assert_int_equal(fat_read(arena, &fat, "/EFI/big.efi", &text, &length, &error), 0);
    assert_int_equal(length, 108894);
    assert_string_equal(text + length - 12, "19999\n20000\n");
    struct fat_entry *list, entry;
    assert_int_equal(fat_list(arena, &fat, "/", &list, &count, &error), 0);
    assert_int_equal(count, 3); /* and the label is none of them */
    assert_int_equal(fat_list(arena, &fat, "/loader/entries", &list, &count, &error), 0);
    assert_int_equal(count, 2);
    assert_int_equal(fat_find(arena, &fat, "/EFI/BIG.EFI", &entry, &error), 0);
    assert_string_equal(entry.name, "BIG.EFI");
    assert_int_equal(entry.size, 108894);
    assert_false(entry.is_folder);
    assert_int_equal(fat_find(arena, &fat, "/EFI/none", &entry, &error), -ENOENT);
    assert_int_equal(fat_find(arena, &fat, "/EFI/empty/none", &entry, &error), -ENOENT);
    assert_string_equal(error.text, "there is no \"/EFI/empty/none\"");
}

/* As after a power cut: the record of a file is there, and its clusters are free. */
static void test_freed_clusters(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    auto_arena arena = arena_new();
    must_run("mkdir t && seq 2000 > t/file");
    const struct disk disk = {.path = "image", .fs_type = "vfat", .content = "t"};
    make(&disk);
    struct fat_entry entry;
    char *text;
    AUTO(fat_close) struct fat fat = open_image(arena, "image");
    assert_int_equal(fat_find(arena, &fat, "file", &entry, &error), 0);
    assert_int_equal(fat_check(&fat, &entry, &error), 0);
    ((uint32_t *)fat.table)[entry.start + 3] = 0;
    assert_int_equal(fat_check(&fat, &entry, &error), -EIO);
    assert_string_equal(error.text, "\"file\" needs 18 clusters and has 3");
    assert_int_equal(fat_read(arena, &fat, "file", &text, NULL, &error), -EIO);
}

static void test_no_fat(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    struct fat fat;
    auto_arena arena = arena_new();
    must_run("truncate -s 1M image");
    assert_int_equal(fat_open(arena, "image", &fat, &error), -ENOTSUP);
    assert_int_equal(fat_open(arena, "none", &fat, &error), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_freed_clusters, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_no_fat, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
