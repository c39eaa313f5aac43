/* `ebb boot` in Debian under systemd, on a real vfat: what it said was written is there when the
 * power goes at once, whether the partition was mounted or not. */

#include "base/testdata/shell.h"

#include "qemu-tests/scene.h"

static const char configuration[] = SCENE_STATE "volume esp UUID=E5B0-0001 { fs vfat }\n"
                                                "root overlay size=60%\n"
                                                "boot esp:/ options=quiet\n" SCENE_REST;

/* The tree gets a kernel with the modules that a machine in QEMU needs. */
static struct scene *make(void)
{
    scene_need_debian();
    struct scene *scene = scene_new("boot-entries", configuration);
    scene_install_debian(scene);
    scene_install_config(scene, configuration);
    must_run("set -e; cd %s; V=$(ls /lib/modules | sort -V | tail -n 1); M=usr/lib/modules/$V;"
             "mkdir -p boot $M; cp /boot/vmlinuz-$V boot; cp /lib/modules/$V/modules.builtin* "
             "/lib/modules/$V/modules.order $M; P=$PWD; cd /lib/modules/$V; cp -r --parents "
             "kernel/crypto kernel/lib kernel/arch kernel/fs/ext4 kernel/fs/jbd2 "
             "kernel/fs/mbcache.ko kernel/fs/overlayfs kernel/fs/fat kernel/fs/nls "
             "kernel/drivers/virtio kernel/drivers/block $P/$M; depmod -b $P $V",
             scene->setup.tree);
    scene_make(scene);
    return scene;
}

/* All entries on the disk of the machine, which is off, with all that they name. */
static void assert_disk(const struct scene *scene, const char *entries)
{
    must_run("set -e; cd %s; rm -rf esp; mkdir esp; mcopy -sQn -i esp.img :: esp; cd esp;"
             "test \"$(ls loader/entries | sed 's/^ebb-[^-]*-[^-]*-//' | tr '\\n' ' ')\" = '%s';"
             "for entry in loader/entries/*; do for what in 'kernel linux' 'image initrd'; do "
             "set -- $what; test \"$(sed -n \"s/^# $1 [0-9]* //p\" $entry)\" = "
             "\"$(sha256sum $(sed -n \"s,^$2 /,,p\" $entry) | cut -d ' ' -f 1)\"; done; done;"
             "test -z \"$(find . -name '*.tmp')\"",
             scene->folder, entries);
}

static void written_before_the_power_goes(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene = make();
    scene_boot(scene);
    assert_non_null(strstr(scene_run(scene, "ebb boot install --no-loader"), "4 boot entries"));
    vm_power_cut(scene->vm);
    assert_disk(scene, "default.conf g000001.conf recovery.conf rollback.conf ");
    must_run("grep -q '^default ebb-.*-default.conf$' %s/esp/loader/loader.conf", scene->folder);
    scene_boot(scene);
    scene_run(scene, "ebb boot status && cat /proc/mounts");
    scene_run(scene, "mount UUID=E5B0-0001 /mnt");
    scene_run(scene, "ebb new -- touch /etc/marker");
    assert_non_null(strstr(scene_run(scene, "ebb boot sync"), "5 boot entries"));
    scene_run(scene, "test -e /mnt/loader/loader.conf");
    vm_power_cut(scene->vm);
    assert_disk(scene, "default.conf g000001.conf g000002.conf recovery.conf rollback.conf ");
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(written_before_the_power_goes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
