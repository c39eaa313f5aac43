/* State volumes that cannot be used for writing: the boot goes on with what is on them, and not one
 * byte of the disk changes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/run.h"
#include "qemu-tests/scene.h"
#include "vm/disk.h"

#define VOLUME(fs)                                                                                 \
    "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n    fs " fs                         \
    "\n    mount /persist\n}\n"
#define PERSIST                                                                                    \
    "persist state:/persist {\n    dir /srv/data\n    file /etc/adjtime\n}\n"                      \
    "generations state:/generations\n"
#define NOTE "/srv/data/note"
#define DEGRADED                                                                                   \
    "ebb: degraded: the volume \"state\" is read-only, and what is changed on it is lost at the "  \
    "next boot"

enum { PATIENCE = 180000 };

static void run(const char *const words[], const char *package, const char *input)
{
    struct error error;
    const struct run program = {.arguments = words, .package = package, .input = input};
    if (run_program(&program, NULL, &error) < 0)
        fail_msg("%s", error.text);
}

static void spoil(const struct scene *scene, const char *commands)
{
    const char *const words[] = {"debugfs", "-w", "-f", "/dev/stdin", scene->disks[0].path, NULL};
    run(words, "e2fsprogs", commands);
}

static const char *copy_of(const struct scene *scene)
{
    return arena_printf(scene->arena, "%s/before.img", scene->folder);
}

static void remember_disk(const struct scene *scene)
{
    const char *const words[] = {"cp", "--sparse=always", scene->disks[0].path, copy_of(scene),
                                 NULL};
    run(words, "coreutils", NULL);
}

static void expect_untouched(const struct scene *scene)
{
    const char *const words[] = {"cmp", scene->disks[0].path, copy_of(scene), NULL};
    run(words, "diffutils", NULL);
}

static struct scene *make(const char *name, const char *configuration)
{
    struct scene *scene = scene_new(name, configuration);
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    scene_boot(scene);
    scene_run(scene, "echo kept > " NOTE "; echo kept > /etc/adjtime; chmod 640 " NOTE ";"
                     "echo broken > /persist/broken; sync");
    return scene;
}

/* Everything is there and can be changed, and everybody can know that it will not last. */
static void expect_in_memory(struct scene *scene)
{
    if (!strstr(scene_screen(scene), DEGRADED))
        fail_msg("the console does not say that changes are lost:\n%s", scene_screen(scene));
    assert_string_equal(scene_run(scene, "cat " NOTE " /etc/adjtime; stat -c %a " NOTE),
                        "kept\nkept\n640");
    scene_run(scene, "dmesg | grep -q 'ebb: the volume \"state\" is read-only, and what is'");
    scene_run(scene, "grep -q '\"in_memory\":true' /run/ebb/status.json");
    scene_run(scene, "grep -A1 '\"degraded\":' /run/ebb/status.json | grep -q '\"state\"'");
    scene_run(scene, "echo changed > " NOTE "; echo changed > /etc/adjtime; mkdir /persist/new;"
                     "mv " NOTE " /srv/data/other; sync");
    assert_string_equal(scene_run(scene, "cat /persist/persist"
                                         "/srv/data/other /etc/adjtime"),
                        "changed\nchanged");
    assert_string_equal(scene_run(scene, "find /run/ebb/volumes -name '.below*'"), "");
}

static void expect_kept(const struct scene *scene)
{
    struct error error;
    auto_string text = NULL;
    if (disk_read(scene->disks[0].path, "/persist" NOTE, &text, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(text, "kept\n");
}

/* Without the overlay module in the image, the menu is as ever. Then it is there: the person is
 * asked, and even what ext4 finds broken is not written down on the disk. */
static void a_person_chooses(void **state)
{
    (void)state; /* one scene */
    struct error error;
    struct scene *scene =
        make("damaged-ask", VOLUME("ext4 check=yes") "root tmpfs\n" PERSIST "rescue wait\n");
    scene_power_off(scene);
    spoil(scene, "sif /broken block[0] 0\nssv state 2\n");
    scene_start(scene);
    scene_wait(scene, "run its fsck by hand");
    scene_wait(scene, "\nr retry   l log   b reboot   o power off");
    scene_type(scene, "o");
    if (vm_wait_end(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
    if (!strstr(vm_serial(scene->vm), "the kernel knows no overlay; its module comes into"))
        fail_msg("it is not told why the volume cannot be read:\n%s", vm_serial(scene->vm));

    scene_configure(scene,
                    VOLUME("ext4 check=yes damaged=ask") "root tmpfs\n" PERSIST "rescue wait\n");
    scene_start(scene);
    scene_wait(scene, "run its fsck by hand");
    scene_wait(scene,
               "\nr retry   m read-only, changes in memory   l log   b reboot   o power off");
    remember_disk(scene); /* the check has changed it, as it does */
    scene_type(scene, "m");
    scene_wait(scene, "ebb: rescue is over: trying with changes in memory");
    scene_boot(scene);
    expect_in_memory(scene);
    scene_run(scene, "! cat /persist/broken 2>/dev/null; dmesg | grep -q 'EXT4-fs error'");
    scene_power_off(scene);
    expect_untouched(scene);
    expect_kept(scene);
    scene_end(scene);
}

/* The journal is broken (and commit= would insist on it), and the root is an overlay over the
 * overlay. Then the volume cannot even be read. */
static void nobody_is_there(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        make("damaged-memory",
             VOLUME("ext4 options=noatime,commit=60 damaged=memory") "root overlay\n" PERSIST
                                                                     "rescue reboot after=1s\n");
    scene_power_off(scene);
    spoil(scene, "zap_block -f <8> 0\n");
    remember_disk(scene);
    scene_boot(scene);
    expect_in_memory(scene);
    scene_run(scene, "grep -q '\"result\":\"ignored\"' /run/ebb/status.json");
    scene_power_off(scene);
    expect_untouched(scene);
    expect_kept(scene);

    spoil(scene, "zap_block 1\n"); /* what tells where all else is */
    remember_disk(scene);
    const char *screen = scene_expect_rescue(
        scene,
        "even read-only: cannot mount /dev/vda, the volume \"state\", as ext4: mount(2) system "
        "call failed: Structure needs cleaning; see the kernel's line above, and have it "
        "repaired from another system");
    if (!strstr(screen, "\nr retry   l log   b reboot   o power off\n"))
        fail_msg("the menu offers what was tried:\n%s", screen);
    expect_untouched(scene);
    scene_end(scene);
}

#define PROTECTED                                                                                  \
    VOLUME("btrfs damaged=memory")                                                                 \
    "volume media LABEL=media {\n    fs xfs damaged=memory\n    mount /media\n}\n"                 \
    "root tmpfs\n" PERSIST "rescue reboot after=1s\n"

/* After a power cut, a btrfs has a log, which cannot be replayed on a disk that is protected. */
static void the_disks_are_protected(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = make("damaged-protected", PROTECTED);
    scene_run(scene, "echo late > /srv/data/late; fsync /srv/data/late;"
                     "mkdir /media/.ebb /media/films; echo media > /media/.ebb/store-id;"
                     "echo film > /media/films/1; mount -o remount,ro /media");
    vm_power_cut(scene->vm);
    vm_stop(TAKE_PTR(scene->vm));
    scene->disks[0].read_only = scene->disks[1].read_only = true;
    scene_configure(scene, PROTECTED "persist media:/ {\n    dir /films\n}\n");
    scene_boot(scene);
    expect_in_memory(scene);
    assert_string_equal(
        scene_run(scene, "cat /films/1; echo another > /films/1; cat /media/films/1"),
        "film\nanother");
    scene_power_off(scene);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_chooses),
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(the_disks_are_protected),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
