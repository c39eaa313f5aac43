/* What is put together from several devices: LVM on LUKS, arrays, btrfs; whole, and with a member
 * missing. The first boot of a test makes them in the guest, by a hook, because the host may have
 * no device mapper and no arrays; the second one is what the test is about. */

#include "base/testdata/shell.h"

#include <fcntl.h>

#include "base/path.h"
#include "qemu-tests/scene.h"
#include "vm/state.h"
#include "vm/tree.h"

#define OTHER_UUID "5ce0e000-0000-4000-8000-00000000000b"
#define CRYPT_UUID "5ce0e000-0000-4000-8000-0000000000cc"

/* A state volume that is as small as can be, because it will be copied in a slow machine. */
static void make_state(struct scene *scene, const char *path, const char *uuid, const char *label)
{
    struct error error;
    const char *tree = arena_printf(scene->arena, "%s/small-tree", scene->folder);
    const struct disk disk = {
        .path = path, .room = 16 << 20, .fs_type = "ext4", .uuid = uuid, .label = label};
    const struct store_request store = {.generations = "/generations", .tree = -1};
    if (access(tree, F_OK) < 0 && tree_make(tree, scene->config, &error) < 0)
        fail_msg("%s", error.text);
    if (state_make(&disk, &store, tree, &error) < 0)
        fail_msg("%s", error.text);
}

/* A scene whose disks are given, in the order of its volumes; then come `others`. */
static struct scene *begin(const char *name, const char *configuration,
                           const struct scratch_given *given, size_t given_count,
                           const char *const others[])
{
    struct scene *scene = scene_new(name, configuration);
    scene->setup.given = given;
    scene->setup.given_count = given_count;
    scene_make(scene);
    struct vm_disk *disks = arena_alloc(scene->arena, 8 * sizeof(*disks));
    size_t count = scene->request.disk_count;
    memcpy(disks, scene->request.disks, count * sizeof(*disks));
    for (; others && *others; others++)
        disks[count++] = (struct vm_disk){.path = *others};
    scene->request.disks = scene->disks = disks;
    scene->request.disk_count = count;
    return scene;
}

/* Boots with the container, if there is one, a state volume, another one to be copied, and
 * `others`; runs `script`, which has busybox, lvm and mdadm, and knows what is to be copied as
 * $source and what is empty as $spare: the kernel gives the names in any order. */
static void make_in_guest(const char *name, const char *crypt, const char *script,
                          const char *const others[])
{
    struct error error;
    char folder[100], state[200], copied[200], hook[200];
    snprintf(folder, sizeof(folder), "build/qemu/%s-disks", name);
    snprintf(state, sizeof(state), "%s/state.img", folder);
    snprintf(copied, sizeof(copied), "%s/copied.img", folder);
    snprintf(hook, sizeof(hook), "%s/hook", folder);
    auto_arena arena = arena_new();
    const char *text = arena_printf(arena,
                                    "#!/bin/busybox sh\nset -ex\n"
                                    "for disk in /dev/vd?; do\n" /* the label of an ext4 */
                                    "    label=$(dd if=$disk bs=1 skip=1144 count=6)\n"
                                    "    magic=$(dd if=$disk bs=1 count=4)\n"
                                    "    if [ \"$label\" = copied ]; then source=$disk\n"
                                    "    elif [ -z \"$label$magic\" ]; then\n"
                                    "        spare=\"$spare $disk\"\n    fi\ndone\n"
                                    "no_udev='activation{udev_sync=0 udev_rules=0}'\n%s",
                                    script);
    if (path_write(AT_FDCWD, hook, text, strlen(text), 0755, &error) < 0)
        fail_msg("%s", error.text);
    auto_string whole = realpath(hook, NULL);
    const char *configuration = arena_printf(
        arena,
        "%svolume state UUID=5ce0e000-0000-4000-8000-00000000000a { lvm; raid; fs ext4; }\n"
        "root tmpfs\nhook after-volumes %s timeout=5min\nrescue reboot after=1s shell=yes\n"
        "generations state:/generations\n",
        crypt ? arena_printf(arena, "volume crypt UUID=" CRYPT_UUID " { luks; }\n") : "", whole);
    struct scene *scene = scene_new(name, configuration);
    make_state(scene, state, "5ce0e000-0000-4000-8000-00000000000a", "state");
    make_state(scene, copied, OTHER_UUID, "copied");
    const struct scratch_given given[] = {{"state", state}, {"crypt", crypt}};
    const char *all[8] = {copied};
    for (size_t i = 0; others[i]; i++)
        all[i + 1] = others[i];
    scene = begin(name, configuration, given, crypt ? 2 : 1, all);
    if (crypt) {
        scene_start(scene);
        scene_wait(scene, "passphrase for the volume");
        scene_type(scene, "ebb\r");
    }
    scene_boot(scene);
    scene_power_off(scene);
    scene_end(scene);
}

static void begin_folder(const char *name)
{
    must_run("mkdir -p build/qemu && rm -rf build/qemu/%s-disks && mkdir build/qemu/%s-disks", name,
             name);
}

/* Init executes the program for the shutdown in its own place, and nothing stays open. */
static void end_in_order(struct scene *scene, const char *closed)
{
    struct error error;
    scene_run(scene, "echo '::restart:/run/initramfs/shutdown poweroff' >> /etc/inittab &&"
                     "kill -HUP 1 && kill -QUIT 1");
    assert_int_equal(vm_wait_end(scene->vm, &error), 0);
    const char *said = vm_serial_of_boot(scene->vm);
    assert_contains(said, closed);
    assert_contains(said, "\nebb: everything is unmounted; powering off");
    assert_null(strstr(said, "still in use"));
}

/* A logical volume in a group on a container that is opened first. */
static void lvm_on_luks(void **state)
{
    (void)state; /* nothing is shared */
    static const char image[] = "build/qemu/groups-lvm-disks/crypt.img";
    begin_folder("groups-lvm");
    must_run("cd build/qemu/groups-lvm-disks && truncate -s 200M crypt.img && printf ebb > key &&"
             "PATH=$PATH:/sbin:/usr/sbin cryptsetup luksFormat --type luks2 --pbkdf-memory 65536 "
             "--pbkdf-force-iterations 4 --pbkdf-parallel 1 --sector-size 512 --batch-mode "
             "--uuid " CRYPT_UUID " --key-file key crypt.img");
    make_in_guest("groups-lvm", image,
                  "/sbin/lvm pvcreate --yes /dev/mapper/crypt\n"
                  "/sbin/lvm vgcreate group /dev/mapper/crypt\n"
                  "/sbin/lvm lvcreate --yes -Zn -Wn -l 100%FREE -n system group "
                  "--config \"$no_udev\"\n"
                  "busybox dd if=$source of=/dev/group/system bs=1M\n",
                  (const char *const[]){NULL});
    struct scene *scene =
        begin("groups-lvm-boot",
              "volume state /dev/group/system { lvm; fs ext4; mount /persist; }\n"
              "volume crypt UUID=" CRYPT_UUID " { luks name=outer; }\n"
              "root tmpfs\npersist state:/kept { dir /srv; }\n" SCENE_REST,
              (const struct scratch_given[]){{"crypt", image}, {"state", image}}, 2, NULL);
    scene->request.disk_count = 1;
    scene_start(scene);
    scene_wait(scene, "passphrase for the volume");
    scene_type(scene, "ebb\r");
    scene_boot(scene);
    assert_string_equal(
        scene_run(scene, "sed -n 's, /persist .*,,p' /proc/mounts; readlink /dev/mapper/outer"),
        "/dev/mapper/group-system\n../dm-0");
    /* What udev will find of both. */
    assert_string_equal(scene_run(scene, "cat /run/udev/data/b*"),
                        "E:DM_UDEV_PRIMARY_SOURCE_FLAG=1\nE:DM_UDEV_PRIMARY_SOURCE_FLAG=1");
    end_in_order(scene, "ebb: closed the device \"outer\"");
    assert_contains(vm_serial_of_boot(scene->vm), "ebb: closed the device \"group-system\"");
    scene_end(scene);
}

static const char raid_state[] = "volume state UUID=" OTHER_UUID
                                 " wait=1min { raid degraded=after=3s; fs ext4; mount /persist; }\n"
                                 "root tmpfs\npersist state:/kept { file /etc/note; }\n" SCENE_REST;

/* The array is whole, and then lacks a member. */
static void an_array(void **state)
{
    (void)state; /* nothing is shared */
    static const char *const members[] = {"build/qemu/groups-raid-disks/a.img",
                                          "build/qemu/groups-raid-disks/b.img", NULL};
    begin_folder("groups-raid");
    must_run("cd build/qemu/groups-raid-disks && truncate -s 40M a.img b.img");
    make_in_guest("groups-raid", NULL,
                  "/sbin/mdadm --create /dev/md/system --run --metadata=1.2 --level=1 "
                  "--raid-devices=2 $spare\n"
                  "dd if=$source of=/dev/md127 bs=1M\n/sbin/mdadm --stop /dev/md127\n",
                  members);
    struct scene *scene =
        begin("groups-raid-boot", raid_state, (const struct scratch_given[]){{"state", members[0]}},
              1, members + 1);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "grep -o '\\[U*\\]' /proc/mdstat; echo whole > /etc/note;"
                                         "tr -d ' \\n' < /run/ebb/status.json |"
                                         "grep -c '\"degraded\":\\[\\]'"),
                        "[UU]\n1");
    scene_power_off(scene);
    scene->request.disk_count = 1;
    vm_stop(TAKE_PTR(scene->vm));
    scene_boot(scene);
    assert_string_equal(
        scene_run(scene, "grep -o '\\[[U_]*\\]' /proc/mdstat | sed s/_U/U_/; cat /etc/note;"
                         "tr -d ' \\n' < /run/ebb/status.json |"
                         "grep -c '\"degraded\":\\[\"state\"\\]'"),
        "[U_]\nwhole\n1");
    end_in_order(scene, "ebb: closed the device \"md");
    scene_end(scene);
}

#define BTRFS_UUID "5ce0e000-0000-4000-8000-0000000000bb"

static const char btrfs_data[] =
    "volume data UUID=" BTRFS_UUID " wait=3s {\n"
    "    fs btrfs degraded=%s\n    mount /srv\n}\n" SCENE_STATE "root tmpfs\n" SCENE_REST;

/* Whole; without a device, which is refused until it is plugged in; and without it, as declared. */
static void a_btrfs_on_two_devices(void **state)
{
    (void)state; /* nothing is shared */
    static const char first[] = "build/qemu/groups-btrfs-disks/a.img",
                      second[] = "build/qemu/groups-btrfs-disks/b.img";
    begin_folder("groups-btrfs");
    must_run("cd build/qemu/groups-btrfs-disks && truncate -s 160M a.img b.img &&"
             "PATH=$PATH:/sbin:/usr/sbin mkfs.btrfs -q -d raid1 -m raid1 -U " BTRFS_UUID
             " a.img b.img");
    auto_arena arena = arena_new();
    struct scene *scene = begin("groups-btrfs-whole", arena_printf(arena, btrfs_data, "no"),
                                (const struct scratch_given[]){{"data", first}}, 1,
                                (const char *const[]){second, NULL});
    scene_boot(scene);
    scene_run(scene, "echo kept > /srv/note");
    scene_power_off(scene);

    vm_stop(TAKE_PTR(scene->vm));
    scene->request.disk_count--;
    scene_start(scene);
    scene_wait(scene, "is spread over several devices");
    const char *device = strstr(vm_serial(scene->vm), "\"data\" on /dev/vda") ? "vda" : "vdb";
    scene_expect_rescue(
        scene, arena_printf(arena,
                            "the volume \"data\" on /dev/%s is spread over several devices, and "
                            "not all of them appeared within 3 s; attach them, or declare fs btrfs "
                            "degraded=after=30s",
                            device));
    scene_end(scene);
    scene = begin("groups-btrfs-degraded", arena_printf(arena, btrfs_data, "after=2s"),
                  (const struct scratch_given[]){{"data", first}}, 1, NULL);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "cat /srv/note; grep ' /srv ' /proc/mounts | grep -c "
                                         "degraded"),
                        "kept\n1");
    scene_power_off(scene);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lvm_on_luks),
        cmocka_unit_test(an_array),
        cmocka_unit_test(a_btrfs_on_two_devices),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
