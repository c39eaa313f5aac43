/* The judges of what `ebb` does to disks: what is known to be wrong is seen. */

#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>

#include "generations/record.h"
#include "qemu-tests/cuts.h"
#include "qemu-tests/judges.h"
#include "vm/disk.h"

static int enter_folder(void **state)
{
    (void)state; /* each makes all that it needs */
    return succeeds("rm -rf build/qemu/judges && mkdir -p build/qemu/judges/t")
               ? chdir("build/qemu/judges")
               : -1;
}

static int leave_folder(void **state)
{
    (void)state; /* as above */
    return chdir("../../..");
}

static void make_disk(const char *type, const char *content)
{
    struct error error;
    (void)unlink("disk"); /* there may be none */
    const struct disk disk = {.path = "disk", .fs_type = type, .content = content};
    if (disk_make(&disk, &error) < 0)
        fail_msg("%s", error.text);
}

/* Changes a copy of what is right by a command, and shows that. */
static void assert_judged(const char *type, const char *command, cuts_judge judge, void *context,
                          const char *objection)
{
    struct error error = {.text = ""};
    must_run("rm -rf u && cp -a t u && cd u && %s", command);
    make_disk(type, "u");
    int code = judge("disk", context, &error);
    if (!objection && code < 0)
        fail_msg("%s: %s", command, error.text);
    if (objection && (code == 0 || strcmp(error.text, objection) != 0))
        fail_msg("%s: %d and \"%s\", not \"%s\"", command, code, error.text, objection);
}

#define NONE "none of 1 whole entries is one that is booted by itself"
#define DEFAULT "loader/entries/ebb-t-default.conf"

static void boot_partitions(void **state)
{
    (void)state; /* a folder of its own */
    static const struct {
        const char *command, *strict, *refuge;
    } rows[] = {
        {"true", NULL, NULL},
        {"rm " DEFAULT, NONE, NULL},
        {": > " DEFAULT, NONE, NULL},
        {"echo linux x > " DEFAULT, "\"ebb-t-default.conf\" is torn",
         "\"ebb-t-default.conf\" is torn"},
        {"rm loader/loader.conf", "loader.conf does not name our default", NULL},
        {"rm loader/entries/*rollback*", NULL, NULL},
        {"rm " DEFAULT "; mv loader/entries/*rollback.conf loader/entries/ebb-t-g000001.conf", NONE,
         NONE},
        {"rm EFI/k1", "\"ebb-t-default.conf\": there is no \"/EFI/k1\"",
         "\"ebb-t-default.conf\": there is no \"/EFI/k1\""},
        {"seq 1001 | tail -n 1000 > EFI/k1",
         "\"ebb-t-default.conf\": \"/EFI/k1\" is another one than its entry says",
         "\"ebb-t-default.conf\": \"/EFI/k1\" is another one than its entry says"},
        {"rm -r loader/entries", "there is no \"/loader/entries\"",
         "there is no \"/loader/entries\""},
    };
    struct own_entries own = {.token = "t", .must_boot = true};
    must_run("cd t && mkdir -p EFI loader/entries && echo 'default ebb-t-default*' > "
             "loader/loader.conf && for n in 1 2; do seq $n 1000 > EFI/k$n; echo $n > EFI/i$n;"
             "for f in k i; do echo \"# $(echo $f | sed 's/k/kernel/;s/i/image/') "
             "$(stat -c %%s EFI/$f$n) $(sha256sum < EFI/$f$n | cut -c1-64)\"; done > entry$n;"
             "printf \"linux /EFI/k$n\\ninitrd /EFI/i$n\\n\" >> entry$n; done;"
             "mv entry1 " DEFAULT "; mv entry2 loader/entries/ebb-t-rollback.conf");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_judged("vfat", rows[i].command, judge_own, &own, rows[i].strict);
        assert_judged("vfat", rows[i].command, judge_own_refuge, &own, rows[i].refuge);
    }
    own.must_boot = false;
    assert_judged("vfat", "rm -r loader", judge_own, &own, NULL);
    assert_judged("vfat", "rm loader/entries/*", judge_own, &own,
                  "none of 0 whole entries is one that is booted by itself");
}

static void stores(void **state)
{
    (void)state; /* a folder of its own */
    struct error error;
    struct record record = {0};
    auto_arena arena = arena_new();
    struct own_generations own = {.arena = arena, .folder = ".", .must_be = {[1] = true}};
    must_run("cd t && mkdir -p generations/1/tree generations/2 && echo 1 > generations/1/tree/one "
             "&& ln -s one generations/1/tree/link && echo 2 > generations/2/two");
    auto_fd volume = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_fd fd = record_open(volume, ".ebb/record", true, &error);
    assert_int_equal(record_write(fd, &record, &error), 0);
    assert_judged("ext4", "true", judge_learn_generations, &own, NULL);
    assert_non_null(own.whole[2]);
    assert_null(own.whole[3]);
    assert_judged("ext4", "true", judge_generations, &own, NULL);
    assert_judged("ext4", "rm -r generations/2", judge_generations, &own, NULL);
    assert_judged("ext4", "rm -r generations/1", judge_generations, &own, "generation 1 is gone");
    assert_judged("ext4", "echo 3 > generations/1/tree/one", judge_generations, &own,
                  "generation 1 is not whole");
    assert_judged("ext4", "ln -sf two generations/1/tree/link", judge_generations, &own,
                  "generation 1 is not whole");
    assert_judged("ext4", "mkdir generations/3", judge_generations, &own,
                  "generation 3 is not whole");
    assert_judged("ext4", "head -c 8192 /dev/zero > .ebb/record", judge_generations, &own,
                  "no slot of the record is whole");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(boot_partitions), TEST(stores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
