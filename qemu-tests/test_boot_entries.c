/* `ebb boot` on a real machine: firmware and systemd-boot boot what it wrote, also when the power
 * went as soon as it said so; the next generation, and the way back, have entries of their own. */

#include "base/testdata/shell.h"

#include "qemu-tests/scene.h"

#define MACHINE                                                                                    \
    "volume esp LABEL=EBB-ESP { fs vfat; mount /boot/efi; }\n" SCENE_STATE                         \
    "root overlay size=60%\nboot esp:/ options=\"console=ttyS0 cgroup.memory=nokmem panic=5\"\n"   \
    "module efivarfs\n" SCENE_REST
/* The images that are built inside have the agent, as the one outside has. */
#define AGENT                                                                                      \
    "module virtio_console\nhook before-switch /usr/lib/ebb/ebb-agent timeout=1min failure=warn\n"

#define VARIABLES "/sys/firmware/efi/efivars/"
#define LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* The tree gets a kernel with the modules that a machine in QEMU needs. */
static struct scene *make(void)
{
    scene_need_debian();
    struct scene *scene = scene_new("boot-entries", MACHINE);
    scene_install_debian(scene);
    scene_install_config(scene, MACHINE AGENT);
    must_run("set -e; cp build/ebb-agent %s/usr/lib/ebb; cd %s; "
             "V=$(ls /lib/modules | sort -V | tail -n 1); M=usr/lib/modules/$V;"
             "mkdir -p boot $M; cp /boot/vmlinuz-$V boot; cp /lib/modules/$V/modules.builtin* "
             "/lib/modules/$V/modules.order $M; P=$PWD; cd /lib/modules/$V; cp -r --parents "
             "kernel/crypto kernel/lib kernel/arch kernel/fs/ext4 kernel/fs/jbd2 "
             "kernel/fs/mbcache.ko kernel/fs/overlayfs kernel/fs/fat kernel/fs/nls "
             "kernel/fs/efivarfs kernel/drivers/char/virtio_console.ko kernel/drivers/virtio "
             "kernel/drivers/block $P/$M; PATH=$PATH:/sbin:/usr/sbin depmod -b $P $V",
             scene->setup.tree, scene->setup.tree);
    scene->setup.uefi = true;
    scene_make(scene);
    return scene;
}

/* Which of our entries systemd-boot has taken; a variable is four bytes of attributes, and UTF-16.
 */
static void boot_by(struct scene *scene, const char *entry)
{
    scene_boot(scene);
    scene_expect(scene,
                 "cat " VARIABLES "LoaderEntrySelected" LOADER " | tail -c +5"
                 " | tr -d '\\0' | sed 's/^ebb-[^-]*-[^-]*-//'",
                 entry);
}

static void reboot_by(struct scene *scene, const char *entry)
{
    scene_run(scene,
              arena_printf(scene->arena,
                           "{ printf '\\7\\0\\0\\0'; basename /boot/efi/loader/entries/*-%s | "
                           "tr -d '\\n' | sed 's/./&\\n/g' | tr '\\n' '\\0'; printf '\\0\\0'; "
                           "} > /run/once && "
                           "cat /run/once > " VARIABLES "LoaderEntryOneShot" LOADER,
                           entry));
    scene_power_off(scene);
    boot_by(scene, entry);
}

static void what_was_written_boots(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = make();
    scene_boot(scene);
    assert_non_null(strstr(scene_run(scene, "ebb boot install"), "\n4 boot entries"));
    vm_power_cut(scene->vm);
    boot_by(scene, "default.conf");
    scene_run(scene, "ebb boot status && ebb confirm && ebb boot status");
    assert_non_null(strstr(scene_run(scene, "ebb new -- touch /etc/marker"), "\n5 boot entries"));
    reboot_by(scene, "g000002.conf");
    scene_run(scene, "test -e /etc/marker && ebb confirm && ebb boot status");
    reboot_by(scene, "rollback.conf");
    scene_run(scene, "test ! -e /etc/marker && grep -c ebb.generation=previous /proc/cmdline");
    scene_power_off(scene);
    boot_by(scene, "default.conf");
    scene_run(scene, "test -e /etc/marker"); /* the latest */
    scene_power_off(scene);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_written_boots)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
