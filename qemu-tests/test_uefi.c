/* A machine booted by firmware and systemd-boot: which entry it takes, once or always, and what it
 * does with one that cannot be loaded. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

static const char configuration[] =
    "volume esp LABEL=EBB-ESP {\n    fs vfat\n    mount /efi\n}\n"
    "module efivarfs\n" SCENE_STATE "root tmpfs size=50%\n" SCENE_REST;

/* The name space of the variables that systemd-boot and systems tell each other. */
#define VARIABLES "/sys/firmware/efi/efivars/"
#define LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* A variable is four bytes of attributes, and UTF-16. */
static const char *selected(struct scene *scene)
{
    return scene_run(scene, "test -e " VARIABLES "LoaderInfo" LOADER
                            " || mount -t efivarfs none " VARIABLES "; tail -c +5 " VARIABLES
                            "LoaderEntrySelected" LOADER " | tr -d '\\0'");
}

static void boot_once(struct scene *scene, const char *entry)
{
    scene_run(scene,
              arena_printf(scene->arena,
                           "{ printf '\\7\\0\\0\\0' && printf %s | sed 's/./&\\n/g' | "
                           "tr '\\n' '\\0' && printf '\\0\\0'; } "
                           "> /run/once && cat /run/once > " VARIABLES "LoaderEntryOneShot" LOADER,
                           entry));
}

static void make_entries(struct scene *scene)
{
    scene_run(scene, "cd /efi/loader/entries && sed 's/^options/& trial=yes/' ebb.conf > trial.conf"
                     " && sed 's,vmlinuz,broken,' ebb.conf > broken.conf"
                     " && head -c 1000000 ../../EFI/ebb/vmlinuz > ../../EFI/ebb/broken && sync");
}

static void entries_are_chosen(void **state)
{
    (void)state; /* one scene tells the whole story */
    struct error error;
    struct scene *scene = scene_new("uefi", configuration);
    scene->setup.uefi = true;
    scene_make(scene);
    scene_boot(scene);
    assert_string_equal(selected(scene), "ebb.conf");
    scene_run(scene, "grep console= /proc/cmdline | grep -v trial=");
    make_entries(scene);
    boot_once(scene, "trial.conf");

    scene_reboot(scene);
    assert_string_equal(selected(scene), "trial.conf");
    scene_run(scene, "grep trial=yes /proc/cmdline && ! ls " VARIABLES " | grep OneShot");
    boot_once(scene, "broken.conf");

    /* The firmware falls into its shell and stays there, until somebody pulls the plug. */
    assert_int_equal(vm_reboot(scene->vm, &error), -ENOTRECOVERABLE);
    assert_non_null(strstr(error.text, "UEFI Interactive Shell"));
    vm_power_cut(scene->vm);
    scene_boot(scene);
    assert_string_equal(selected(scene), "ebb.conf");
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
