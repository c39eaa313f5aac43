/* Another release of Debian than this machine's: its systemd, its kernel, and its boot loader,
 * which takes the place of the one that the tests of `ebb boot` have otherwise. */

#include "base/testdata/shell.h"

#include "qemu-tests/entries.h"

#define SYSTEM "build/demo/trixie"
/* The last line is what Ebb is linked with, and an initramfs, which the kernel asks for. */
#define PACKAGES                                                                                   \
    "systemd-sysv,udev,dmsetup,dbus,login,passwd,procps,kmod,util-linux,"                          \
    "systemd-boot,linux-image-cloud-$(dpkg --print-architecture),"                                 \
    "libcryptsetup12,libjson-c5,tiny-initramfs"

static struct scene *newer_scene(void)
{
    scene_need_debian();
    if (!succeeds("examples/debian-tree " SYSTEM " trixie " PACKAGES))
        skip_because("no Debian trixie can be made; " SYSTEM ".log tells why");
    struct scene *scene = entries_scene_of("newer", SYSTEM);
    /* The first generation has the kernel of this machine. */
    must_run("cd %s && mv boot/vmlinuz-*cloud* usr/lib/modules/*cloud* opt", scene->setup.tree);
    scene->setup.append = arena_printf(scene->arena, "%s ebb.analyze", scene->setup.append);
    scene_make(scene);
    return scene;
}

/* This systemd has a soft reboot. */
static void expect_handover(struct scene *scene)
{
    scene_expect_all_is_well(scene);
    scene_run(scene,
              "test $(systemctl --version | sed -n '1s/systemd \\([0-9]*\\) .*/\\1/p') -ge 257"
              " && systemd-analyze time | grep -F '(initrd)' &&"
              "journalctl -b --no-pager | grep 'ebb: mount the volume \"state\"'");
    scene_run(scene, "! systemctl soft-reboot && systemctl is-system-running &&"
                     "systemctl status soft-reboot.target | grep -F 'Soft Reboot (refused: '");
}

/* The first generation carries none, so its image has that of the running system. */
static void the_configuration_changes(struct scene *scene)
{
    scene_run(
        scene,
        "systemctl start ebb-image.path && echo '# changed' >> /etc/ebb/ebb.conf &&"
        "until test $(systemctl show -P ActiveState ebb-image.service) = inactive &&"
        "      journalctl -b --no-pager -u ebb-image | grep 'boot entries$'; do sleep 1; done;"
        "journalctl -b --no-pager -u ebb-image | grep 'wrote .*-g000001.conf$' &&"
        "systemctl stop ebb-image.path");
}

static void expect_clean_end(struct scene *scene)
{
    scene_power_off(scene);
    assert_contains(vm_serial_of_boot(scene->vm), "\nebb: everything is unmounted; powering off");
    scene_expect_unmounted(scene);
}

static void a_newer_release_boots(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = newer_scene();
    scene_boot(scene);
    expect_handover(scene);
    scene_run(scene,
              "ebb confirm && rm -r /boot/efi/EFI/BOOT /boot/efi/loader && ebb boot install");
    entries_change_kernel(scene);
    entries_count_trial(scene, "cloud");
    scene_expect_all_is_well(scene);
    scene_run(scene, "tr -d '\\0' < " ENTRIES_VARIABLES "LoaderInfo" ENTRIES_LOADER
                     " | grep 'systemd-boot 25[7-9]' &&"
                     "ebb try --no-reboot 2 | grep 'boots its kernel once$'");
    expect_clean_end(scene);
    entries_boot_by(scene, "g000002.conf");
    scene_expect_all_is_well(scene);
    scene_expect(scene, "uname -r | grep -o cloud; ebb status | grep '^last shutdown'; ebb confirm",
                 "cloud\nlast shutdown: clean\ngeneration 2 is good");
    /* As systemd itself sorts them, by the rules that loaders have. */
    scene_expect(scene,
                 "SYSTEMD_RELAX_ESP_CHECKS=1 bootctl --esp-path=/boot/efi --no-pager list |"
                 "sed -n 's/^ *id: ebb-[^-]*-[^-]*-//p'",
                 "default.conf\ng000002.conf\ng000001.conf\nrollback.conf\nrecovery.conf");
    the_configuration_changes(scene);
    expect_clean_end(scene);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_newer_release_boots)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
