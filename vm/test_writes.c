/* Logs of writes: made by hand, with all that QEMU does in its own way, and by QEMU. */
#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/run.h"
#include "vm/kernel.h"
#include "vm/machine.h"
#include "vm/testing.h"
#include "vm/writes.h"

static struct writes read_log(struct arena *arena)
{
    struct error error;
    struct writes writes;
    if (writes_open(arena, "log", &writes, &error) < 0)
        fail_msg("%s", error.text);
    return writes;
}

/* The first letter of each sector; 0 for zeroes. */
static void assert_sectors(int image, const char *expected)
{
    char found[DISK / SECTOR + 1] = "", data[SECTOR];
    for (size_t i = 0; i < DISK / SECTOR; i++) {
        assert_int_equal(pread(image, data, SECTOR, (off_t)i * SECTOR), SECTOR);
        for (size_t j = 1; j < SECTOR; j++)
            assert_int_equal(data[j], data[0]);
        found[i] = data[0];
        if (!data[0])
            found[i] = '0';
    }
    assert_string_equal(found, expected);
}

static void test_replay(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    auto_arena arena = arena_new();
    auto_fd log = make_log(), image = make_image();
    append_head(log, LOG_MAGIC, 2); /* it was counted at the last flush */
    append_write(log, 2, 3, 0, "abc");
    append_write(log, 0, 0, WRITE_FLUSH, "");
    append_write(log, 3, 4, WRITE_DISCARD, "");
    append_write(log, 15, 1, WRITE_FUA, "z");
    append_write(log, 9, 4, 0, "de"); /* QEMU was killed in it */
    AUTO(writes_close) struct writes writes = read_log(arena);
    static const struct {
        const char *told, *after;
    } rows[] = {
        {"write 1 of 4, of 1536 bytes at 1024", "..abc..........."},
        {"flush 2 of 4", "..abc..........."},
        {"discard 3 of 4, of 2048 bytes at 1536", "..a0000........."},
        {"write 4 of 4, of 512 bytes at 7680", "..a0000........z"},
    };
    assert_int_equal(writes.count, ARRAY_LENGTH(rows));
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_string_equal(writes_tell(arena, &writes, i), rows[i].told);
        assert_int_equal(writes_apply(&writes, i, WRITE_WHOLE, image, &error), 0);
        assert_sectors(image, rows[i].after);
    }
    assert_false(write_changes(&writes.list[1]));
    assert_true(write_changes(&writes.list[2]));
    assert_int_equal(writes_apply(&writes, 0, 2 * (uint64_t)SECTOR, image, &error), 0);
    assert_sectors(image, "..ab000........z");
    assert_int_equal(writes.list[3].flags, WRITE_FUA);
}

/* QEMU has not written the head of a log before the first flush. */
static void test_no_head(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    auto_arena arena = arena_new();
    auto_fd log = make_log(), image = make_image();
    append_head(log, 0, 0);
    assert_int_equal(ftruncate(log, 0), 0);
    assert_int_equal(ftruncate(log, SECTOR), 0);
    append_write(log, 0, 1, 0, "a");
    AUTO(writes_close) struct writes writes = read_log(arena);
    assert_int_equal(writes.count, 1);
    assert_int_equal(writes_apply(&writes, 0, WRITE_WHOLE, image, &error), 0);
    assert_sectors(image, "a...............");
}

static void test_damaged(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    struct writes writes;
    auto_arena arena = arena_new();
    auto_fd log = make_log();
    append_head(log, 12345, 1);
    assert_int_equal(writes_open(arena, "log", &writes, &error), -EBADMSG);
    assert_string_equal(error.text, "\"log\" is no log of writes");
    auto_fd other = make_log();
    append_head(other, LOG_MAGIC, 2);
    append_write(other, 0, 1, 0, "a");
    append_write(other, 0, 1, 1 << 4, "b");
    assert_int_equal(writes_open(arena, "log", &writes, &error), -EBADMSG);
    assert_string_equal(error.text, "the log of writes \"log\" is damaged after 1 writes");
    assert_int_equal(writes_open(arena, "none", &writes, &error), -ENOENT);
}

static void write_by(struct vm *vm, const char *command)
{
    struct error error;
    auto_string answer = NULL;
    auto_arena arena = arena_new();
    /* of all that drives block devices, the only one without a name of its own */
    const char *line = arena_printf(arena,
                                    "{\"execute\": \"human-monitor-command\", \"arguments\": "
                                    "{\"command-line\": \"qemu-io -d "
                                    "/machine/peripheral-anon/device[3]/virtio-backend "
                                    "\\\"%s\\\"\"}}",
                                    command);
    if (vm_qmp(vm, line, &answer, &error) < 0)
        fail_msg("%s", error.text);
    if (strstr(answer, "rror") || strstr(answer, "not found"))
        fail_msg("%s", answer);
}

/* What QEMU logs makes, when it is done again, the disk that QEMU has. */
static void test_qemu(void **state)
{
    (void)state; /* the folder is the current one */
    struct error error;
    char path[PATH_MAX];
    struct kernel kernel;
    auto_arena arena = arena_new();
    const struct arch *arch = arch_of_host();
    if (!arch || run_find(arch->program, arch->package, path, sizeof(path), &error) < 0 ||
        kernel_find(arena, NULL, &kernel, &error) < 0) {
        const char *must_work = getenv("MUST_WORK");
        if (must_work && strcmp(must_work, "1") == 0)
            fail_msg("no QEMU can be started here");
        print_message("SKIP: no QEMU can be started here\n");
        skip();
    }
    auto_fd image = make_image();
    assert_int_equal(system("cp image disk"), 0);
    const struct vm_disk disks[] = {{.path = "disk", .writes = "log"}};
    const struct vm_request request = {
        .kernel = kernel.path, .disks = disks, .disk_count = 1, .memory = 256};
    auto_vm vm = NULL;
    if (vm_start(&request, &vm, &error) < 0)
        fail_msg("%s", error.text);
    write_by(vm, "write -P 97 512 1024");
    write_by(vm, "write -z 2048 1024");
    write_by(vm, "flush");
    write_by(vm, "discard 4096 4096");
    write_by(vm, "write -f -P 98 5120 512");
    vm_power_cut(vm);
    AUTO(writes_close) struct writes writes = read_log(arena);
    /* the write that was to be on the disk at once is followed by a flush instead */
    static const unsigned flags[] = {0, 0, WRITE_FLUSH, WRITE_DISCARD, 0, WRITE_FLUSH};
    assert_int_equal(writes.count, ARRAY_LENGTH(flags));
    for (size_t i = 0; i < writes.count; i++) {
        assert_int_equal(writes.list[i].flags, flags[i]);
        assert_int_equal(writes_apply(&writes, i, WRITE_WHOLE, image, &error), 0);
    }
    assert_sectors(image, ".aa.00..00b00000");
    assert_int_equal(system("cmp image disk"), 0);
    /* the log of the next boot is a new one */
    assert_int_equal(vm_boot(vm, &error), 0);
    write_by(vm, "write -P 99 0 512");
    vm_power_cut(vm);
    AUTO(writes_close) struct writes next = read_log(arena);
    assert_int_equal(next.count, 1);
    struct vm_request snapshot = request;
    snapshot.snapshot = true;
    vm_stop(TAKE_PTR(vm));
    assert_int_equal(vm_start(&snapshot, &vm, &error), -EINVAL);
    assert_string_equal(error.text, "what is written to a snapshot cannot be logged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replay, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_no_head, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_damaged, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_qemu, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
