/* The end of mounts and devices: in their order, and with whatever holds them told. */
#include "base/testdata/scratch.h"

#include <pthread.h>

#include "init/detach.h"
#include "init/unmount.h"

#define SBIN "PATH=$PATH:/usr/sbin:/sbin; "
#define IS_MOUNTED(path) "grep -q \" $PWD/" path " \" /proc/self/mountinfo"

static void need_disks(void)
{
    if (!has_namespace)
        skip_because("only root can mount images of disks");
    need_tool("mke2fs");
}

/* An ext4 with a journal, mounted. */
static void mount_disk(const char *image, const char *place)
{
    must_run(SBIN "truncate -s 8M %s && mke2fs -q -F -t ext4 %s && mkdir -p %s && mount -o loop %s "
                  "%s",
             image, image, place, image, place);
}

static void assert_clean(const char *image)
{
    must_run(SBIN "dumpe2fs -h %s 2>/dev/null | grep '^Filesystem features:' |"
                  "grep -vq needs_recovery",
             image);
}

static struct unmounting here(struct arena *arena, const char *kept)
{
    char folder[256];
    assert_non_null(getcwd(folder, sizeof(folder)));
    const char **kept_list = arena_alloc(arena, 2 * sizeof(*kept_list));
    kept_list[0] = arena_printf(arena, "%s/old/%s", folder, kept);
    return (struct unmounting){
        .top = arena_printf(arena, "%s/old", folder), .kept = kept_list, .limit = UNMOUNT_LIMIT};
}

static int round_of(struct unmounting *unmounting, bool expected)
{
    struct error error;
    bool progress = false;
    int left = unmount_round(unmounting, &progress, &error);
    assert_int_equal(progress, expected);
    return left;
}

/* A disk on a disk on memory, and memory on it: each round takes what nothing is mounted below. */
static void test_leaves_first(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_disks();
    auto_arena arena = arena_new();
    struct unmounting unmounting = here(arena, "kept");
    must_run("mkdir old other && mount -t tmpfs other other && mount -t tmpfs old old");
    mount_disk("outer.img", "old/outer");
    mount_disk("old/outer/inner.img", "old/outer/inner");
    must_run("mkdir old/outer/memory old/kept && mount -t tmpfs m old/outer/memory && "
             "mount -t tmpfs kept old/kept && echo x > old/outer/inner/x");
    assert_int_equal(round_of(&unmounting, true), 2); /* the disk below, and the memory below it */
    must_run(IS_MOUNTED("old/outer"));
    must_run("! " IS_MOUNTED("old/outer/inner") " && ! " IS_MOUNTED("old/outer/memory"));
    assert_int_equal(round_of(&unmounting, true), 1);
    assert_int_equal(round_of(&unmounting, false), 1); /* what is kept lies on it */
    must_run("! " IS_MOUNTED("old/outer") " && " IS_MOUNTED("old/kept") " && " IS_MOUNTED("other"));
    assert_clean("outer.img");
    must_run("umount old/kept");
    assert_int_equal(round_of(&unmounting, true), 0);
    must_run("! " IS_MOUNTED("old") " && umount other");
}

static pid_t start_holder(const char *folder)
{
    pid_t child = fork();
    if (child == 0) {
        if (chdir(folder) == 0)
            execlp("sleep", "@sleep\033", "1000", NULL);
        _exit(1);
    }
    assert_true(child > 0);
    must_run("until tr '\\0' ' ' < /proc/%d/cmdline | grep -q '^@sleep'; do sleep 0.02; done",
             child);
    return child;
}

static void test_busy(void **state)
{
    (void)state; /* as above */
    need_disks();
    auto_arena arena = arena_new();
    struct unmounting unmounting = here(arena, "kept");
    must_run("mkdir old");
    mount_disk("image", "old/disk");
    must_run("echo kept > old/disk/file");
    auto_string device = output_of("findmnt -no SOURCE old/disk");
    pid_t holder = start_holder("old/disk");
    log_begin();
    assert_int_equal(round_of(&unmounting, false), 1);
    unsigned writable = unmount_give_up(&unmounting);
    auto_string log = log_end();
    assert_int_equal(writable, 0);
    assert_string_equal(log, arena_printf(arena,
                                          "ebb: \"%s/disk\", %s, is still in use, by \"@sleep? "
                                          "1000\" (%d); it was made read-only\n",
                                          unmounting.top, device, holder));
    assert_int_equal(round_of(&unmounting, false), 0);
    assert_clean("image"); /* while it is held */
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
}

/* Somebody may still write to it. */
static void test_busy_writing(void **state)
{
    (void)state; /* as above */
    need_disks();
    auto_arena arena = arena_new();
    struct unmounting unmounting = here(arena, "kept");
    must_run("mkdir old");
    mount_disk("image", "old/disk");
    int held = open("old/disk/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(held >= 0);
    log_begin();
    unsigned writable = unmount_give_up(&unmounting);
    auto_string log = log_end();
    assert_int_equal(writable, 1);
    assert_contains(log,
                    arena_printf(arena, " (%d); it could not even be made read-only\n", getpid()));
    close(held);
}

/* What is held stays as it is for who holds it, and nobody else sees it. */
static void test_detached(void **state)
{
    (void)state; /* as above */
    need_disks();
    auto_arena arena = arena_new();
    struct unmounting unmounting = here(arena, "kept");
    must_run("mkdir -p old/kept && mount -t tmpfs kept old/kept && mkdir old/kept/below && "
             "mount -t tmpfs below old/kept/below");
    mount_disk("outer.img", "old/outer");
    mount_disk("old/outer/inner.img", "old/outer/inner");
    mount_disk("free.img", "old/free");
    auto_string device = output_of("findmnt -no SOURCE old/outer/inner");
    int held = open("old/outer/inner/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    log_begin();
    unmount_or_detach(&unmounting);
    auto_string log = log_end();
    assert_contains(log, arena_printf(arena, "unmounted \"%s/free\"", unmounting.top));
    assert_contains(log, arena_printf(arena, "\"%s/outer/inner\", %s, is still in use, by ",
                                      unmounting.top, device));
    assert_contains(log, arena_printf(arena, " (%d)", getpid()));
    assert_contains(log, "; it is detached, and ends when that lets it go\n");
    must_run("test \"$(grep -c \" $PWD/old\" /proc/self/mountinfo)\" = 2");
    must_run(IS_MOUNTED("old/kept") " && " IS_MOUNTED("old/kept/below"));
    assert_clean("free.img");
    assert_int_equal(write(held, "x", 1), 1);
    close(held);
    must_run("umount old/kept/below old/kept");
}

/* So many of the children that are forked next never do their work, as if a disk did not answer. */
static unsigned hanging;
static bool hangs;

static void before_fork(void)
{
    hangs = hanging > 0;
    hanging -= hangs;
}

static void in_child(void)
{
    while (hangs)
        pause();
}

/* What took too long is out of sight, but somebody may still write to it. */
static void test_late(void **state)
{
    (void)state; /* as above */
    need_disks();
    auto_arena arena = arena_new();
    struct unmounting unmounting = here(arena, "kept");
    must_run("mkdir old && mount -t tmpfs sys /sys");
    mount_disk("image", "old/disk");
    hanging = 1;
    unmounting.limit = 1;
    assert_int_equal(round_of(&unmounting, false), 1);
    assert_true(unmounting.late);
    unmounting.limit = UNMOUNT_LIMIT;
    assert_false(unmount_all(&unmounting, false));
    must_run("! " IS_MOUNTED("old/disk"));

    mount_disk("image", "old/disk");
    unmounting.late = false;
    assert_true(unmount_all(&unmounting, false));
    must_run("! " IS_MOUNTED("old/disk"));
    assert_clean("image");
    must_run("umount -l /sys");
}

/* Not even making it read-only comes to an end, and the next one has its turn. */
static void test_hangs(void **state)
{
    (void)state; /* as above */
    need_disks();
    auto_arena arena = arena_new();
    struct unmounting unmounting = here(arena, "kept");
    must_run("mkdir old");
    mount_disk("image", "old/disk");
    hanging = 2;
    unmounting.limit = 1;
    log_begin();
    unsigned writable = unmount_give_up(&unmounting);
    auto_string log = log_end();
    assert_int_equal(writable, 1);
    assert_contains(log, "; it could not even be made read-only\n");
    must_run("umount old/disk");
}

/* The kernel holds it: a device lies on a file in it, which nobody has open. */
static void test_held_by_a_device(void **state)
{
    (void)state; /* as above */
    need_disks();
    auto_arena arena = arena_new();
    struct unmounting unmounting = here(arena, "kept");
    must_run("mkdir old");
    mount_disk("image", "old/disk");
    must_run("truncate -s 1M old/disk/file");
    auto_string device = output_of(SBIN "losetup -r -f --show old/disk/file");
    log_begin();
    (void)unmount_give_up(&unmounting); /* the log tells */
    auto_string log = log_end();
    must_run(SBIN "losetup -d %s", device);
    assert_contains(log,
                    arena_printf(arena, "is still in use, by the device %s; it was made read-only",
                                 strrchr(device, '/') + 1));
}

/* In a /sys that knows no other device: those of the machine are none of ours. */
static void show_only(const char *device)
{
    must_run(
        "touch d && mkdir s && mount --bind /sys/class/block/%s s && mount -t tmpfs sys /sys &&"
        "mkdir -p /sys/class/block/%s && mount --move s /sys/class/block/%s",
        device, device, device);
}

static void assert_round(unsigned left, bool expected, const char *expected_log)
{
    bool progress = false;
    log_begin();
    unsigned found = detach_round(&progress);
    detach_tell();
    auto_string log = log_end();
    assert_string_equal(log, expected_log);
    assert_int_equal(found, left);
    assert_int_equal(progress, expected);
}

static void test_loop_device(void **state)
{
    (void)state; /* as above */
    need_disks();
    auto_arena arena = arena_new();
    must_run("truncate -s 1M image");
    auto_string device = output_of(SBIN "losetup -f --show image");
    const char *name = strrchr(device, '/') + 1;
    show_only(name);
    int held = open(device, O_RDONLY | O_CLOEXEC);
    assert_true(held >= 0);
    assert_round(
        1, false,
        arena_printf(arena, "ebb: the device \"%s\" is still in use, so it stays open\n", name));
    close(held); /* the order was taken, so it goes now */
    must_run(SBIN "losetup %s image 2>/dev/null || { losetup -d %s; losetup %s image; }", device,
             device, device);
    assert_round(0, true, arena_printf(arena, "ebb: closed the device \"%s\"\n", name));
    must_run("umount -l /sys");
}

/* Devices that are not there: what is asked of the kernel fails, and what others lie on is not even
 * asked for. */
static void test_stacked(void **state)
{
    (void)state; /* as above */
    need_disks();
    must_run("mount -t tmpfs sys /sys && mkdir -p /sys/class/block && cd /sys/class/block &&"
             "mkdir -p vda dm-0/dm dm-0/holders/dm-1 md0/md && echo none > dm-0/dm/name &&"
             "echo clear > md0/md/array_state");
    assert_round(1, false, "ebb: the device \"none\" is still in use, so it stays open\n");
    must_run("cd /sys/class/block && rm -r dm-0 && echo active > md0/md/array_state");
    assert_round(1, false, "ebb: the device \"md0\" is still in use, so it stays open\n");
    must_run("umount -l /sys");
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_leaves_first, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_busy, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_busy_writing, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_detached, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_late, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_hangs, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_held_by_a_device, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_loop_device, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_stacked, enter_scratch, leave_scratch),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    (void)pthread_atfork(before_fork, NULL, in_child); /* what is not late fails then */
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
