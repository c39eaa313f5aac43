/* Systems that take over from Ebb: Debian under systemd, laid out and below an overlay. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/testdata/shell.h"
#include "qemu-tests/scene.h"

static const char tree[] = "build/demo/debian";

#define DEBIAN_PATHS                                                                               \
    "persist state:/persist {\n"                                                                   \
    "    dir  /var/log\n"                                                                          \
    "    dir  /home/alice owner=alice group=alice mode=0700\n"                                     \
    "    file /etc/machine-id\n"                                                                   \
    "}\n"

static int make_tree(void **state)
{
    (void)state; /* the tree is a folder of its own */
    if (geteuid() != 0 && access("build/demo/debian/etc/os-release", R_OK) < 0)
        return 0;
    return system("examples/debian-tree build/demo/debian &&"
                  "cp build/ebb build/demo/debian/usr/bin/ebb") == 0
               ? 0
               : -1;
}

static struct scene *make_debian(const char *name, const char *configuration, const char *append)
{
    if (access("build/demo/debian/etc/os-release", R_OK) < 0) {
        print_message("SKIP: a Debian tree can be made by root only\n");
        skip();
    }
    struct scene *scene = scene_new(name, configuration);
    scene->setup.append = arena_printf(scene->arena, "%s %s", scene->setup.append, append);
    scene->setup.tree = tree;
    scene_make(scene);
    scene->request.passphrase = SCRATCH_PASSPHRASE;
    return scene;
}

static struct scene *debian(const char *name, const char *configuration, const char *append)
{
    struct scene *scene = make_debian(name, configuration, append);
    scene_boot(scene);
    return scene;
}

#define LAST_SHUTDOWN "ebb status | grep '^last shutdown'"

/* Programs lie on the volume, and yet nothing of it is in use at the very end. */
static void power_off(struct scene *scene)
{
    scene_power_off(scene);
    const char *said = vm_serial_of_boot(scene->vm);
    assert_contains(said, "\nebb: everything is unmounted; powering off");
    assert_null(strstr(said, "still in use"));
}

/* The machine stays on, and nobody but its console tells that it is over. */
static void halt(struct scene *scene)
{
    scene_run(scene, "systemctl halt");
    scene_wait(scene, "\nebb: everything is unmounted; halting");
    scene_wait(scene, "reboot: System halted");
    vm_power_cut(scene->vm);
}

/* A storage daemon lives on, and nobody waits for it for ever. */
static void reboot_while_busy(struct scene *scene)
{
    scene_run(scene,
              "cd /persist; bash -c 'exec -a @holder sleep 1000' > /dev/null 2>&1 < /dev/null &");
    scene_reboot(scene);
    assert_string_equal(scene_run(scene, LAST_SHUTDOWN),
                        "last shutdown: not clean, something was still in use");
}

/* What the tool says on the running system; and what is lost, is lost. */
static void assert_told(struct scene *scene, const char *root)
{
    assert_string_equal(scene_run(scene, "ebb status | sed -n '1s/after .* s/after/p'"),
                        arena_printf(scene->arena, "generation 1, root %s, after: whole", root));
    assert_string_equal(scene_run(scene, "ebb status | grep entries"),
                        "entries: 3 restored, 0 skipped");
    scene_run(scene, "mkdir -p /srv/new && echo lost > /srv/new/x && echo '#' >> /etc/hostname &&"
                     "touch /etc/fstab /etc/passwd && touch /home/alice/kept /var/log/kept");
    assert_string_equal(
        scene_run(scene, "ebb lost /srv /etc /home /var/log /persist || test $? = 1"),
        scene_run(scene, "s=$(stat -c %s /etc/hostname);"
                         "printf '%8s B  /etc/hostname  (changed)\\n' $s;"
                         "printf '       5 B  /srv/new/  (1 file)\\n';"
                         "printf '%s B in 2 files would be gone at the next boot\\n' $((s + 5))"));
    assert_string_equal(scene_run(scene, "ebb lost /srv/new/x --json | tr -d '\\n' |"
                                         "sed 's/\"mtime\":[0-9]*/T/'"),
                        arena_printf(scene->arena,
                                     "{\"format\":1,\"generation\":1,\"root\":\"%s\",\"size\":5,"
                                     "\"files\":1,\"lost\":[{\"path\":\"/srv/new/x\",\"type\":"
                                     "\"file\",\"change\":\"new\",\"size\":5,\"files\":1,T,"
                                     "\"noise\":false}],\"unseen\":[]}",
                                     root));
}

/* A mount below a persisted path is seen there, and not in the volume, although systemd shares all
 * mounts. */
static void check_propagation(struct scene *scene)
{
    scene_expect(scene,
                 "for i in / /home/alice /persist; do findmnt -no PROPAGATION $i; done | sort -u;"
                 "mkdir /home/alice/m && mount -t tmpfs inner /home/alice/m &&"
                 "findmnt -no TARGET -S inner; umount /home/alice/m; rmdir /home/alice/m",
                 "shared\n/home/alice/m");
}

/* This systemd has none, but the unit of a later one would be refused. */
static void check_soft_reboot(struct scene *scene)
{
    scene_run(scene, "cd /run/systemd/system && echo '[Unit]' > soft-reboot.target &&"
                     "systemctl daemon-reload && ! systemctl start soft-reboot.target &&"
                     "systemctl status soft-reboot.target | grep -q 'Soft Reboot (refused: ' &&"
                     "rm soft-reboot.target && systemctl daemon-reload");
}

/* Something works on a persisted path until systemd kills the last processes: that path is not
 * unmounted before. */
static void check_end(struct scene *scene)
{
    scene_run(scene, "systemd-run -q -p DefaultDependencies=no -p WorkingDirectory=/home/alice "
                     "sleep infinity");
    power_off(scene);
    const char *said = vm_serial_of_boot(scene->vm);
    assert_non_null(strstr(said, "Unmount All Filesystems"));
    if (strstr(said, "Failed unmounting"))
        fail_msg("systemd could not unmount something:\n%s", said);
}

static void debian_is_laid_out(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene =
        debian("debian-tmpfs", SCENE_STATE "root tmpfs size=50%\n" DEBIAN_PATHS SCENE_REST,
               "ebb.analyze systemd.show_status=1");
    scene_expect_all_is_well(scene);
    check_propagation(scene);
    check_soft_reboot(scene);
    scene_expect(scene,
                 "findmnt -no FSTYPE /; test $(readlink /run/systemd/volatile-root) ="
                 " /dev/block/$(mountpoint -d /persist) || echo other",
                 "tmpfs");
    assert_told(scene, "tmpfs");
    assert_string_equal(scene_run(scene, "stat -c %U:%G:%a /home/alice"), "alice:alice:700");
    const char *identity = scene_run(scene, "cat /etc/machine-id");
    /* The log of the initramfs is in the journal, for whoever asks later. */
    assert_string_equal(
        scene_run(scene, "journalctl -b --no-pager | grep -c 'ebb: mount the volume'"), "1");
    scene_run(scene,
              "echo kept > /home/alice/notes; echo lost > /etc/lost; echo lost > /root/lost");
    scene_restart(scene, "systemctl reboot");
    assert_contains(vm_serial_of_boot(scene->vm), "\nebb: everything is unmounted; rebooting");
    scene_expect_all_is_well(scene);
    assert_string_equal(
        scene_run(scene, "cat /home/alice/notes; ls -d /etc/lost /root/lost 2>/dev/null | wc -l"),
        "kept\n0");
    assert_string_equal(scene_run(scene, "cat /etc/machine-id"), identity);
    assert_string_equal(scene_run(scene, LAST_SHUTDOWN), "last shutdown: clean");
    scene_run(scene, "test ! -e /run/systemd/first-boot");
    scene_run(scene, "systemd-analyze time | grep -q '(initrd)'");
    check_end(scene);
    scene_expect_unmounted(scene);
    scene_end(scene);
}

static void debian_lies_below_an_overlay(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene = debian("debian-overlay",
                                 "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n"
                                 "    fs btrfs\n"
                                 "    mount /persist\n"
                                 "}\n"
                                 "root overlay size=50%\n" DEBIAN_PATHS SCENE_REST,
                                 "");
    scene_expect_all_is_well(scene);
    assert_string_equal(scene_run(scene, "findmnt -no FSTYPE /"), "overlay");
    assert_told(scene, "overlay");
    scene_run(scene, "echo '#' >> /usr/lib/os-release; echo lost > /usr/lost");
    reboot_while_busy(scene);
    assert_string_equal(
        scene_run(scene, "grep -c '^#' /usr/lib/os-release; ls -d /usr/lost 2>/dev/null | wc -l;"
                         "true"),
        "0\n0");
    halt(scene);
    must_run("PATH=$PATH:/usr/sbin; btrfs inspect-internal dump-super %s/state.img |"
             "grep -q '^log_root[[:space:]]*0$'",
             scene->folder);
    scene_end(scene);
}

/* The kernel and the image of this machine, for its own loader, which wants files of the guest.
 * Disks are found there by their size, for their names are given in any order. */
static const char *add_loaded(struct scene *scene)
{
    static const char *const names[] = {"kernel", "image"};
    const char *const files[] = {scene->request.kernel, scene->request.image};
    const char *bring = "true";
    size_t count = scene->request.disk_count;
    struct vm_disk *disks = arena_alloc(scene->arena, (count + 2) * sizeof(*disks));
    memcpy(disks, scene->disks, count * sizeof(*disks));
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        struct stat status;
        const char *copy = arena_printf(scene->arena, "%s/loaded-%s", scene->folder, names[i]);
        must_run("cp %s %s && truncate -s %%512 %s", files[i], copy, copy);
        assert_int_equal(stat(copy, &status), 0);
        bring = arena_printf(scene->arena,
                             "%s && cp /dev/$(cd /sys/block; grep -lx %ld vd*/size | cut -d / -f 1)"
                             " /run/%s",
                             bring, (long)status.st_size / 512, names[i]);
        disks[count + i] = (struct vm_disk){.path = copy, .read_only = true};
    }
    scene->request.disks = scene->disks = disks;
    scene->request.disk_count = count + 2;
    return bring;
}

/* As `kexec --kexec-file-syscall --reuse-cmdline` does it where another kernel's PID 1 has begun
 * this boot, so that the boot that the next one is told to go on with is over. */
static void load(struct scene *scene)
{
    scene_run(
        scene,
        "perl -e '"
        "open K, \"/run/kernel\"; open I, \"/run/image\"; $call = `uname -m` =~ /x86/ ? 320 : 294;"
        "$l = `cat /proc/cmdline` . \" ebb.continues=\" . `cat /proc/sys/kernel/random/boot_id`"
        " . \":1\"; $l =~ tr/\\n//d;"
        "exit(syscall($call, fileno K, fileno I, 1 + length $l, $l, 0) != 0)'");
}

/* udev takes over what was opened before it: otherwise systemd would wait 90 s for each line. The
 * second boot is begun by kexec, for which the container is closed. */
static void fstab_names_an_opened_container(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene =
        make_debian("debian-luks",
                    "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n"
                    "    luks name=opened\n"
                    "    fs ext4\n"
                    "    mount /persist\n"
                    "}\n"
                    "root tmpfs size=50%\n"
                    "persist state:/persist { file /etc/fstab; dir /var/log; }\n" SCENE_REST,
                    "");
    const char *bring = add_loaded(scene);
    scene_boot(scene);
    scene_run(scene, "! grep -E ' (user|logon|encrypted) ' /proc/keys | grep -v invocation_id");
    scene_run(scene,
              "mkdir -p /persist/log; blkid=$(findmnt -no UUID /persist);"
              "echo \"UUID=$blkid /mnt ext4 defaults 0 0\" > /etc/fstab;"
              "echo '/dev/mapper/opened /media ext4 defaults 0 0' >> /etc/fstab;"
              "e2label /dev/mapper/opened kept;"
              "echo 'LABEL=kept /opt ext4 defaults 0 0' >> /etc/fstab; echo lost > /etc/lost");
    scene_run(scene, bring);
    load(scene);
    scene_restart(scene, "systemctl kexec");
    const char *ended = vm_serial_of_boot(scene->vm);
    assert_contains(ended, "ebb: closed the device \"opened\"");
    assert_contains(ended, "\nebb: everything is unmounted; starting the kernel that was loaded");
    scene_run(
        scene,
        "! test -e /etc/lost && test -e /run/ebb/anew &&"
        "grep -c 'ebb.continues=.*-.*:1$' /proc/cmdline && dmesg | grep 'EXT4-fs .*: mounted' &&"
        "! dmesg | grep 'EXT4-fs .*: recovery complete'");
    scene_expect_all_is_well(scene);
    assert_string_equal(scene_run(scene, "findmnt -no TARGET -S /dev/mapper/opened | sort | uniq |"
                                         "grep -E '^/(mnt|media|opt|persist)$';"
                                         "readlink /dev/mapper/opened;"
                                         "udevadm info -q property /dev/mapper/opened |"
                                         "grep -E '^(SYSTEMD_READY|DM_UDEV_PRIMARY|TAGS)'"),
                        "/media\n/mnt\n/opt\n/persist\n../dm-0\nDM_UDEV_PRIMARY_SOURCE_FLAG=1\n"
                        "SYSTEMD_READY=1\n"
                        "TAGS=:systemd:");
    assert_string_equal(scene_run(scene, LAST_SHUTDOWN), "last shutdown: clean");
    power_off(scene);
    assert_contains(vm_serial_of_boot(scene->vm), "ebb: closed the device \"opened\"");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(debian_is_laid_out),
        cmocka_unit_test(debian_lies_below_an_overlay),
        cmocka_unit_test(fstab_names_an_opened_container),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, make_tree, NULL);
}
