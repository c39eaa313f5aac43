/* File systems that are not as they were left: cut off, broken, write-protected. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/run.h"
#include "qemu-tests/scene.h"

/* A volume beside the state volume, of any type and with any options. */
static const char *with_data(struct arena *arena, const char *fs)
{
    return arena_printf(arena,
                        "volume data LABEL=data {\n    fs %s\n    mount /srv\n}\n" SCENE_STATE
                        "root tmpfs\n" SCENE_REST,
                        fs);
}

static void spoil(const char *image, const char *commands)
{
    struct error error;
    const char *const words[] = {"debugfs", "-w", "-f", "/dev/stdin", image, NULL};
    const struct run run = {.arguments = words, .package = "e2fsprogs", .input = commands};
    if (run_program(&run, NULL, &error) < 0)
        fail_msg("%s", error.text);
}

static void leave(struct scene *scene)
{
    vm_stop(TAKE_PTR(scene->vm));
}

/* A power cut leaves a journal, which is replayed; then a fault that cannot be repaired without
 * somebody who decides. */
static void checked_ext4(void **state)
{
    (void)state; /* one scene */
    auto_arena arena = arena_new();
    struct scene *scene = scene_new("fs-checked", with_data(arena, "ext4 check=yes"));
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "echo kept > /srv/note; sync; echo later > /srv/later");
    vm_power_cut(scene->vm);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "cat /srv/note; dmesg | grep -c 'e2fsck: data: recovering "
                                         "journal'"),
                        "kept\n1");
    leave(scene);
    spoil(scene->disks[0].path, "clri <2>\nssv state 2\n");
    scene_start(scene);
    if (vm_wait_serial(scene->vm, "run its fsck by hand", &(struct error){0}) < 0)
        fail_msg("nothing was said of the fault:\n%s", vm_serial_of_boot(scene->vm));
    char name = strstr(vm_serial_of_boot(scene->vm), "file system on /dev/vda") ? 'a' : 'b';
    scene_expect_rescue(
        scene, arena_printf(scene->arena,
                            "the file system on /dev/vd%c, the volume \"data\", has faults "
                            "that are not safe to repair without you; see the lines above, "
                            "and run its fsck by hand from another system",
                            name));
    scene_end(scene);
}

/* A medium that cannot be written to is read, without the journal that was left on it. */
static void write_protected(void **state)
{
    (void)state; /* one scene */
    auto_arena arena = arena_new();
    struct scene *scene = scene_new("fs-protected", with_data(arena, "ext4 check=yes"));
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "echo kept > /srv/note; sync; echo later > /srv/later");
    vm_power_cut(scene->vm);
    leave(scene);
    scene->disks[0].read_only = true;
    scene_boot(scene);
    assert_string_equal(
        scene_run(scene, "sed -n 's,.* /srv ext4 \\([^ ]*\\) .*,\\1,p' /proc/mounts;"
                         "dmesg | grep -c 'is write-protected, so it is mounted read-only'"),
        "ro,relatime,norecovery\n1");
    scene_end(scene);
}

static void an_xfs_after_a_power_cut(void **state)
{
    (void)state; /* one scene */
    auto_arena arena = arena_new();
    struct scene *scene = scene_new("fs-xfs", with_data(arena, "xfs options=noatime"));
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "echo kept > /srv/note; sync; echo later > /srv/later");
    vm_power_cut(scene->vm);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "cat /srv/note; grep -c ' /srv xfs rw,noatime' "
                                         "/proc/mounts"),
                        "kept\n1");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checked_ext4),
        cmocka_unit_test(write_protected),
        cmocka_unit_test(an_xfs_after_a_power_cut),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
