#include "qemu-tests/entries.h"

#include "base/testdata/shell.h"

static struct scene *complete(struct scene *scene)
{
    scene_install_config(scene, ENTRIES_WITH("", "") ENTRIES_AGENT);
    must_run("cp build/ebb-agent %s/usr/lib/ebb", scene->setup.tree);
    scene_install_kernel(scene, NULL);
    scene->setup.uefi = true;
    return scene;
}

struct scene *entries_scene(const char *name)
{
    scene_need_debian();
    struct scene *scene = scene_new(name, ENTRIES_WITH("", ""));
    scene_install_debian(scene);
    return complete(scene);
}

struct scene *entries_scene_of(const char *name, const char *system)
{
    struct scene *scene = scene_new(name, ENTRIES_WITH("", ""));
    scene_install_copy(scene, system);
    return complete(scene);
}

/* Which of our entries systemd-boot has taken; a variable is four bytes of attributes, and UTF-16.
 * That of 252 tells the counter of an entry, too; 257 does not. */
void entries_boot_by(struct scene *scene, const char *entry)
{
    scene_boot(scene);
    scene_expect(scene,
                 "cat " ENTRIES_VARIABLES "LoaderEntrySelected" ENTRIES_LOADER " | tail -c +5"
                 " | tr -d '\\0' | sed 's/^ebb-[^-]*-[^-]*-//; s/+[-0-9]*//'",
                 entry);
}

void entries_change_kernel(struct scene *scene)
{
    const char *made =
        scene_run(scene, "ebb new -- sh -c 'touch /etc/marker; rm -r /lib/modules/* /boot/*;"
                         "mv /opt/vmlinuz* /boot; mv /opt/* /lib/modules;"
                         "depmod $(ls /lib/modules)'");
    assert_non_null(strstr(made, "\n5 boot entries"));
}

void entries_count_trial(struct scene *scene, const char *kernel)
{
    const char *tried = scene_run(scene, "mount -o remount,ro " ENTRIES_VARIABLES
                                         " && ebb try --no-reboot 2 && ebb boot status && sync");
    assert_non_null(strstr(tried, "boots its kernel once\n"));
    vm_power_cut(scene->vm);
    entries_boot_by(scene, "default-trial.conf");
    scene_run(scene, arena_printf(
                         scene->arena,
                         "uname -r | grep -F %s && test -e /run/ebb/trial.json &&"
                         "systemctl start systemd-bless-boot && systemctl is-active "
                         "boot-complete.target && test $(systemctl show -P ConditionResult "
                         "systemd-bless-boot) = no && ls /boot/efi/loader/entries/*-trial+0-1.conf",
                         kernel));
    vm_power_cut(scene->vm);
    entries_boot_by(scene, "default.conf");
    scene_run(scene, arena_printf(scene->arena,
                                  "! uname -r | grep -F %s && ebb boot sync | "
                                  "grep '^removed .*trial' && ebb boot status",
                                  kernel));
}
