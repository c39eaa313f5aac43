/* `ebb boot` on a real machine: firmware and systemd-boot boot what it wrote, also when the power
 * went as soon as it said so; the next generation has an entry of its own, and another kernel,
 * which is never mixed with the modules of this one; where no EFI variable can be set, the loader
 * counts its trial. The way back is booted by test_boot_loaders.c.
 */

#include "base/testdata/shell.h"

#include <errno.h>

#include "qemu-tests/entries.h"

static void expect_failure(struct scene *scene, const char *command, const char *part)
{
    const char *text = scene_run(scene, arena_printf(scene->arena, "! %s 2>&1", command));
    if (!strstr(text, part))
        fail_msg("\"%s\" says: %s", command, text);
}

/* systemd's, by which a counted entry becomes one that is booted for ever. */
static void bring_blessing(const struct scene *scene)
{
    must_run("set -e; T=$PWD/%s D=$(mktemp -d); cd $D; apt-get -qq -o APT::Sandbox::User=root "
             "download systemd-boot; dpkg-deb -x *.deb .; cp -r --parents lib/systemd/*bless* "
             "lib/systemd/system/*bless* lib/systemd/system-generators $T; rm -r $D",
             scene->setup.tree);
}

/* In the tree, where the next generation finds it. */
static void bring_other_kernel(const struct scene *scene)
{
    must_run("set -e; F=$PWD/build/demo/cloud; V=$(qemu-tests/cloud-kernel $F); cd %s;"
             "M=$PWD/opt/$V; mkdir -p $M; cp $F/boot/vmlinuz-$V opt; cd $F/lib/modules/$V;"
             "cp -r modules.builtin* modules.order kernel $M",
             scene->setup.tree);
}

/* One that is cut off leaves the firmware in its shell. Whoever pulls the plug then is back. */
static void its_kernel_is_cut_off(struct scene *scene)
{
    struct error error;
    scene_run(scene, "ebb try --no-reboot 2 && cd /boot/efi && K=.$(sed -n 's/^linux //p' "
                     "loader/entries/*g000002.conf) && cp $K /persist/kernel && "
                     "truncate -s 100k $K && sync");
    assert_int_equal(vm_reboot(scene->vm, &error), -ENOTRECOVERABLE);
    assert_contains(error.text, "UEFI Interactive Shell");
    vm_power_cut(scene->vm);
    entries_boot_by(scene, "default.conf");
    assert_contains(scene_screen(scene), "ebb: generation 2 is not tried: the boot loader was to "
                                         "start its kernel once, which did not come up");
    scene_run(scene, "! ebb boot status && cd /boot/efi && cp /persist/kernel .$(sed -n "
                     "'s/^linux //p' loader/entries/*g000002.conf) && ebb boot status");
}

/* The kernel of the default entry starts the other one; where it may not, the loader does. */
static void kernels_are_not_mixed(struct scene *scene)
{
    struct error error;
    scene_run(scene, "ebb rollback 1");
    scene_power_off(scene);
    entries_boot_by(scene, "default.conf");
    scene_run(scene, "test ! -e /etc/marker && ! uname -r | grep cloud && "
                     "grep -c ebb.continues= /proc/cmdline && dmesg | grep -q 'EXT4-fs .*: mounted'"
                     " && ! dmesg | grep 'EXT4-fs .*: recovery complete' &&"
                     "sed -i 's/^options /&sysctl.kernel.kexec_load_disabled=1 /' "
                     "/boot/efi/loader/entries/*default.conf");
    scene_power_off(scene);
    scene_start(scene);
    scene_wait(scene, "ebb: rebooting into the kernel of generation 1");
    assert_int_equal(vm_wait_end(scene->vm, &error), 0);
    entries_boot_by(scene, "g000001.conf");
    scene_run(scene, "! uname -r | grep cloud && ebb why && ebb boot status; ebb boot sync");
}

static void what_was_written_boots(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = entries_scene("boot-entries");
    bring_other_kernel(scene);
    bring_blessing(scene);
    scene_make(scene);
    scene_boot(scene);
    assert_non_null(strstr(scene_run(scene, "ebb boot install"), "\n4 boot entries"));
    vm_power_cut(scene->vm);
    entries_boot_by(scene, "default.conf");
    scene_run(scene, "ebb boot status && ebb confirm && ebb boot status");
    entries_change_kernel(scene);
    scene_run(scene, "rm /boot/efi/loader/entries/*-g000002.conf");
    expect_failure(scene, "ebb try --no-reboot 2", "; run `ebb boot sync`");
    assert_non_null(strstr(scene_run(scene, "ebb boot sync"), "\n5 boot entries"));
    entries_count_trial(scene, "cloud");
    its_kernel_is_cut_off(scene);
    assert_non_null(strstr(scene_run(scene, "ebb try --no-reboot 2"), "boots its kernel once\n"));
    scene_power_off(scene);
    entries_boot_by(scene, "g000002.conf");
    scene_run(scene,
              "test -e /etc/marker && uname -r | grep cloud && test -e /run/ebb/trial.json &&"
              "ebb confirm && ebb boot status");
    kernels_are_not_mixed(scene);
    scene_power_off(scene);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_written_boots)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
