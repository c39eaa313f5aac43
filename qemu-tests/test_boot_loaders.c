/* The entries of `ebb boot` for another loader, GRUB, and as unified kernel images. */

#include "base/testdata/scratch.h"

#include "base/path.h"
#include "qemu-tests/entries.h"

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
    change(scene, ENTRIES_WITH(" tide=$x;{ low=\\\"a b\\\"", " loader=grub") ENTRIES_AGENT,
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
    change(scene, ENTRIES_WITH("", " uki=yes") ENTRIES_AGENT, "systemd-boot.efi");
    scene_power_off(scene);
    entries_boot_by(scene, "default.efi");
    scene_run(scene,
              "test -e /etc/marker && ebb boot status /persist/ebb.conf &&"
              "! ls /boot/efi/loader/entries/ebb-* && cd /boot/efi/EFI && ls Linux/*g000001.efi "
              "&& ! ls ebb/*.cfg");
}

static void other_loaders_boot(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = entries_scene("boot-loaders");
    must_run("cp /usr/lib/grub/*/monolithic/grubx64.efi %s/usr/lib/ebb; cd %s;"
             "cp --parents /usr/lib/systemd/boot/efi/linux*.efi.stub .",
             scene->setup.tree, scene->setup.tree);
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "ebb confirm && ebb new -- touch /etc/marker");
    grub_boots(scene);
    unified_images_boot(scene);
    scene_power_off(scene);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(other_loaders_boot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
