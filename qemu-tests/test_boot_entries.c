/* `ebb boot` on a real machine: firmware and systemd-boot, or GRUB, boot what it wrote, also when
 * the power went as soon as it said so; the next generation, and the way back, have entries of
 * their own. */

#include "base/testdata/scratch.h"

#include "base/path.h"
#include "qemu-tests/scene.h"

#define MACHINE_WITH(options, more)                                                                \
    "volume esp LABEL=EBB-ESP { fs vfat; mount /boot/efi; }\n" SCENE_STATE                         \
    "root overlay size=60%\nboot esp:/ options=\"console=ttyS0 cgroup.memory=nokmem "              \
    "no_timer_check "                                                                              \
    "panic=5" options "\"" more "\nmodule efivarfs\n" SCENE_REST
#define MACHINE MACHINE_WITH("", "")
/* The images that are built inside have the agent, as the one outside has. */
#define AGENT                                                                                      \
    "module virtio_console\nhook before-switch /usr/lib/ebb/ebb-agent timeout=1min failure=warn\n"

#define VARIABLES "/sys/firmware/efi/efivars/"
#define LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static struct scene *make(void)
{
    scene_need_debian();
    struct scene *scene = scene_new("boot-entries", MACHINE);
    scene_install_debian(scene);
    scene_install_config(scene, MACHINE AGENT);
    must_run("cp build/ebb-agent /usr/lib/grub/*/monolithic/grubx64.efi %s/usr/lib/ebb; cd %s;"
             "cp --parents /usr/lib/systemd/boot/efi/linux*.efi.stub .",
             scene->setup.tree, scene->setup.tree);
    scene_install_kernel(scene, NULL);
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

/* Another declaration, and another loader, which is in the tree or was kept; the root, and a file
 * in it, are thrown away. */
static void change(struct scene *scene, const char *configuration, const char *loader)
{
    struct error error;
    const char *file = arena_printf(scene->arena, "%s/changed.conf", scene->folder);
    assert_outcome("configuration",
                   path_write(AT_FDCWD, file, configuration, strlen(configuration), 0600, &error),
                   &error, NULL);
    scene_put(scene, file, "/persist/ebb.conf");
    scene_run(scene, arena_printf(scene->arena,
                                  "ebb boot install /persist/ebb.conf && cd /boot/efi/EFI &&"
                                  "cp -n BOOT/BOOTX64.EFI systemd-boot.efi && cp %s "
                                  "BOOT/BOOTX64.EFI && sync",
                                  loader));
}

/* The same entries by GRUB: the default, and the way back once, by a block of 1024 bytes. What GRUB
 * would take for its own words comes through to the kernel. */
static void grub_boots(struct scene *scene)
{
    change(scene, MACHINE_WITH(" tide=$x;{ low=\\\"a b\\\"", " loader=grub") AGENT,
           "/usr/lib/ebb/grubx64.efi");
    scene_run(scene, "cd /boot/efi/EFI && mkdir debian && M=/EFI/ebb/$(basename ebb/*.cfg) &&"
                     "printf 'set timeout=0\nsearch --no-floppy --file --set=ebb %s\n"
                     "source ($ebb)%s\n' $M $M > debian/grub.cfg");
    scene_power_off(scene);
    scene_boot(scene);
    scene_run(scene, "test -e /etc/marker && grep -F ' tide=$x;{ \"low=a b\"' /proc/cmdline &&"
                     "grep BOOT_IMAGE=/EFI/ebb/ /proc/cmdline && ebb boot status "
                     "/persist/ebb.conf && cd /boot/efi/EFI/ebb &&"
                     "N=$(basename ../../loader/entries/*-rollback.conf) &&"
                     "{ printf '# GRUB Environment Block\nnext_entry=%s\n' $N;"
                     "printf %1024s | tr ' ' '#'; } | head -c 1024 | "
                     "dd of=$(ls *.env) conv=notrunc &&"
                     "ebb boot status /persist/ebb.conf | grep '^next boot: .*rollback.conf'");
    scene_power_off(scene);
    scene_boot(scene);
    scene_run(scene, "test ! -e /etc/marker && grep ebb.generation=previous /proc/cmdline &&"
                     "grep -x next_entry= /boot/efi/EFI/ebb/*.env &&"
                     "ebb boot status /persist/ebb.conf");
}

/* systemd-boot finds the images by itself, and what it found before them is gone. */
static void unified_images_boot(struct scene *scene)
{
    change(scene, MACHINE_WITH("", " uki=yes") AGENT, "systemd-boot.efi");
    scene_power_off(scene);
    boot_by(scene, "default.efi");
    scene_run(scene,
              "test -e /etc/marker && ebb boot status /persist/ebb.conf &&"
              "! ls /boot/efi/loader/entries/ebb-* && cd /boot/efi/EFI && ls Linux/*g000001.efi "
              "&& ! ls ebb/*.cfg");
}

static void what_was_written_boots(void **state)
{
    (void)state; /* one scene */
    struct error error;
    struct scene *scene = make();
    scene_boot(scene);
    assert_non_null(strstr(scene_run(scene, "ebb boot install"), "\n4 boot entries"));
    vm_power_cut(scene->vm);
    boot_by(scene, "default.conf");
    scene_run(scene, "ebb boot status && ebb confirm && ebb boot status");
    scene_run(scene, "ebb new -- sh -c 'touch /etc/marker; rm -r /lib/modules/* /boot/*;"
                     "mv /opt/vmlinuz* /boot; mv /opt/* /lib/modules;"
                     "depmod $(ls /lib/modules)'");
    expect_failure(scene, "ebb try --no-reboot 2", "; run `ebb boot sync`");
    assert_non_null(strstr(scene_run(scene, "ebb boot sync"), "\n5 boot entries"));
    assert_non_null(strstr(scene_run(scene, "ebb try --no-reboot 2"), "boots its kernel once\n"));
    scene_power_off(scene);
    boot_by(scene, "g000002.conf");
    scene_run(scene,
              "test -e /etc/marker && uname -r | grep cloud && test -e /run/ebb/trial.json &&"
              "ebb confirm && ebb boot status");
    reboot_by(scene, "rollback.conf");
    scene_run(scene, "test ! -e /etc/marker && grep -c ebb.generation=previous /proc/cmdline");
    scene_power_off(scene);
    boot_by(scene, "default.conf");
    scene_run(scene, "test -e /etc/marker"); /* the latest */
    grub_boots(scene);
    unified_images_boot(scene);
    scene_power_off(scene);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_written_boots)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
