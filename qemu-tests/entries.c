#include "qemu-tests/entries.h"

#include "base/testdata/shell.h"

struct scene *entries_scene(const char *name)
{
    scene_need_debian();
    struct scene *scene = scene_new(name, ENTRIES_WITH("", ""));
    scene_install_debian(scene);
    scene_install_config(scene, ENTRIES_WITH("", "") ENTRIES_AGENT);
    must_run("cp build/ebb-agent %s/usr/lib/ebb", scene->setup.tree);
    scene_install_kernel(scene, NULL);
    scene->setup.uefi = true;
    return scene;
}

/* Which of our entries systemd-boot has taken; a variable is four bytes of attributes, and UTF-16.
 */
void entries_boot_by(struct scene *scene, const char *entry)
{
    scene_boot(scene);
    scene_expect(scene,
                 "cat " ENTRIES_VARIABLES "LoaderEntrySelected" ENTRIES_LOADER " | tail -c +5"
                 " | tr -d '\\0' | sed 's/^ebb-[^-]*-[^-]*-//'",
                 entry);
}
