/* The volumes: on every bus, by every tag, one inside another, late, and twice. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/copy.h"
#include "qemu-tests/scene.h"
#include "vm/disk.h"

static void expect_file(const struct vm_disk *disk, const char *path, const char *content)
{
    struct error error;
    auto_string text = NULL;
    int code = disk_read(disk->path, path, &text, NULL, &error);
    if (!content && code != -ENOENT)
        fail_msg("\"%s\" is on \"%s\"", path, disk->path);
    if (content && code < 0)
        fail_msg("%s", error.text);
    if (content)
        assert_string_equal(text, content);
}

/* Which device the volume came from. */
static void expect_mount(struct scene *scene, const char *place, const char *device)
{
    assert_string_equal(
        scene_run(scene, arena_printf(scene->arena, "sed -n 's, %s .*,,p' /proc/mounts", place)),
        device);
}

/* One volume lies in another, and the entries of each in those of the other. */
static void volumes_nest(void **state)
{
    (void)state; /* one scene */
    static const char configuration[] = "volume media UUID=77d1a000-0000-4000-8000-00000000000b {\n"
                                        "    fs ext4 options=noatime\n"
                                        "    mount /persist/media\n"
                                        "}\n"
                                        "volume state \"LABEL=Ebb state\" {\n"
                                        "    fs ext4\n"
                                        "    mount /persist\n"
                                        "}\n"
                                        "root tmpfs\n"
                                        "persist media:/lists { file /srv/films/own/list; }\n"
                                        "persist state:/others { dir /srv/films/own mode=0700; }\n"
                                        "persist media:/kept { dir /srv/films; }\n"
                                        "persist state:/persist { dir /srv; }\n" SCENE_REST;
    struct scene *scene = scene_new("volumes-nest", configuration);
    scene->setup.bus = BUS_AHCI;
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "echo state > /srv/note; echo media > /srv/films/film;"
                     "echo state > /srv/films/own/film; echo media > /srv/films/own/list");
    assert_string_equal(scene_run(scene, "cat /persist/persist/srv/note; stat -c %a /srv/films/own;"
                                         "cat /persist/media/kept/srv/films/film"),
                        "state\n700\nmedia");
    assert_string_equal(scene_run(scene, "grep ' /persist/media ' /proc/mounts | grep -c noatime"),
                        "1");
    scene_reboot(scene);
    assert_string_equal(scene_run(scene, "cat /srv/note /srv/films/film /srv/films/own/film "
                                         "/srv/films/own/list"),
                        "state\nmedia\nstate\nmedia");
    scene_power_off(scene);
    const struct vm_disk *media = &scene->disks[0], *volume = &scene->disks[1];
    expect_file(media, "/kept/srv/films/film", "media\n");
    expect_file(media, "/lists/srv/films/own/list", "media\n");
    expect_file(media, "/kept/srv/films/own/film", NULL);
    expect_file(volume, "/persist/srv/note", "state\n");
    expect_file(volume, "/others/srv/films/own/film", "state\n");
    expect_file(volume, "/persist/srv/films/film", NULL);
    scene_end(scene);
}

static void on_nvme_by_partuuid(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        scene_new("volumes-nvme", "volume state PARTUUID=ABCDEF00-0000-4000-8000-00000000000c {\n"
                                  "    fs ext4\n"
                                  "    mount /persist\n"
                                  "}\n"
                                  "root tmpfs\n"
                                  "persist state:/persist { file /etc/note; }\n" SCENE_REST);
    scene->setup.bus = BUS_NVME;
    scene_make(scene);
    scene_boot(scene);
    expect_mount(scene, "/persist", "/dev/nvme0n1p1");
    scene_run(scene, "echo kept > /etc/note");
    scene_power_off(scene);
    expect_file(&scene->disks[0], "/persist/etc/note", "kept\n");
    scene_end(scene);
}

/* What is written anywhere is gone, and the generation is as it was. */
static void an_overlay_by_path(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        scene_new("volumes-path", "volume state /dev/vda {\n"
                                  "    fs ext4\n"
                                  "    mount /persist\n"
                                  "}\n"
                                  "root overlay\n"
                                  "persist state:/persist { dir /usr/local; }\n" SCENE_REST);
    scene_make(scene);
    scene_boot(scene);
    expect_mount(scene, "/persist", "/dev/vda");
    expect_mount(scene, "/", "root");
    scene_run(scene, "echo lost > /usr/bin/lost; echo lost > /etc/hostname;"
                     "echo kept > /usr/local/kept");
    scene_power_off(scene);
    expect_file(&scene->disks[0], "/persist/usr/local/kept", "kept\n");
    expect_file(&scene->disks[0], "/generations/1/tree/usr/bin/lost", NULL);
    expect_file(&scene->disks[0], "/generations/1/tree/etc/hostname", "ebb\n");
    scene_end(scene);
}

#define EXTRA "volume extra LABEL=extra {\n    fs ext4\n}\n"

static void on_usb_plugged_in_late(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("volumes-late", EXTRA "volume state \"PARTLABEL=Ebb state\" {\n"
                                                          "    fs ext4\n"
                                                          "    mount /persist\n"
                                                          "}\n"
                                                          "root tmpfs\n"
                                                          "persist state:/persist {\n"
                                                          "    file /etc/note\n"
                                                          "}\n" SCENE_REST);
    scene->setup.bus = BUS_USB;
    scene_make(scene);
    scene->request.disk_count = 1;
    scene_start(scene);
    scene_wait(scene, "ebb: wait for PARTLABEL=Ebb state");
    scene_plug_in(scene, &scene->disks[1]);
    scene_boot(scene);
    expect_mount(scene, "/persist", "/dev/sdb1");
    scene_run(scene, "echo kept > /etc/note");
    scene_power_off(scene);
    expect_file(&scene->disks[1], "/persist/etc/note", "kept\n");
    scene_end(scene);
}

/* Such as the original and its backup. The volume before it keeps PID 1 waiting until both are
 * there. */
static void there_are_twins(void **state)
{
    (void)state; /* one scene */
    struct error error;
    struct scene *scene = scene_new("volumes-twins", EXTRA SCENE_STATE "root tmpfs\n" SCENE_REST);
    scene_make(scene);
    auto_fd from = open(scene->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *copies = arena_printf(scene->arena, "%s/copies", scene->folder);
    assert_int_equal(mkdir(copies, 0755), 0);
    auto_fd to = open(copies, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy_named(from, to, "state.img", &error) < 0)
        fail_msg("%s", error.text);
    const struct vm_disk twins[] = {
        scene->disks[1],
        {.path = arena_printf(scene->arena, "%s/state.img", copies), .bus = BUS_USB},
    };
    scene->request.disks = twins;
    scene->request.disk_count = ARRAY_LENGTH(twins);
    scene_start(scene);
    scene_wait(scene, "Attached SCSI disk"); /* the other one takes no second */
    scene_plug_in(scene, &scene->disks[0]);
    scene_expect_rescue(scene,
                        "UUID=5ce0e000-0000-4000-8000-00000000000a, the volume \"state\", is "
                        "on both /dev/sda and /dev/vda; detach one, or name the partition "
                        "with PARTUUID=");
    scene_end(scene);
}

/* Hundreds of devices appear at once, one of which is ours. */
static void a_storm_of_devices(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        scene_new("volumes-storm", "module null_blk\n" SCENE_STATE "root tmpfs\n" SCENE_REST);
    scene->setup.append = "null_blk.nr_devices=300 null_blk.gb=1";
    scene_make(scene);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "ls -d /sys/block/nullb* | wc -l"), "300");
    expect_mount(scene, "/persist", "/dev/vda");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes_nest),           cmocka_unit_test(on_nvme_by_partuuid),
        cmocka_unit_test(on_usb_plugged_in_late), cmocka_unit_test(an_overlay_by_path),
        cmocka_unit_test(there_are_twins),        cmocka_unit_test(a_storm_of_devices),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
