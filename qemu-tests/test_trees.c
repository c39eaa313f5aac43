/* Generations whose tree is no folder: images of erofs and squashfs, whole and cut off, and one
 * with another kernel in it; and systems of a Nix profile, which have none. */

#include "base/testdata/shell.h"

#include "qemu-tests/entries.h"

#define CONFIG(root)                                                                               \
    SCENE_STATE "generations state:/generations trees=erofs,squashfs\nroot " root                  \
                "\npersist state:/persist { dir /srv/one; }\n"

static void expect(struct scene *scene, const char *command, const char *output)
{
    const char *found = scene_run(scene, command);
    if (strcmp(found, output) != 0)
        fail_msg("\"%s\" says:\n%s\nand not:\n%s", command, found, output);
}

/* 2 and 3 are whole, 4 is half of an image, and 5 has none. */
static void add_images(const struct scene *scene)
{
    const char *folder = scene->folder, *tree = scene->setup.tree, *disk = scene->disks[0].path;
    must_run("cd %s && echo '{\"format\": 1}' > facts && tree=$OLDPWD/%s && : > commands &&"
             "echo 2 > $tree/etc/number && mkfs.erofs tree.2 $tree > said 2>&1 &&"
             "echo 3 > $tree/etc/number && mksquashfs $tree tree.3 -quiet -no-progress &&"
             "head -c 1000000 tree.2 > tree.4 &&"
             "for i in 2 3 4 5; do echo mkdir /generations/$i >> commands &&"
             "echo write facts /generations/$i/generation.json >> commands; done &&"
             "echo write tree.2 /generations/2/tree.erofs >> commands &&"
             "echo write tree.3 /generations/3/tree.squashfs >> commands &&"
             "echo write tree.4 /generations/4/tree.erofs >> commands &&"
             "debugfs -w -f commands $OLDPWD/%s > said 2>&1",
             folder, tree, disk);
}

/* Its file system is clean, whoever was mounted from a file on it. */
static void expect_clean(const struct scene *scene)
{
    must_run("! dumpe2fs -h %s 2>&1 | grep needs_recovery", scene->disks[0].path);
}

static void images(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("trees", CONFIG("tmpfs"));
    scene_install_tool(scene);
    scene_make(scene);
    add_images(scene);
    scene_boot(scene);
    const char *screen = scene_screen(scene);
    assert_non_null(strstr(screen, "ebb: cannot open the tree \"state:/generations/5/tree\" of "
                                   "generation 5: No such file or directory: booting generation 4 "
                                   "instead"));
    assert_non_null(strstr(screen, "ebb: the image \"state:/generations/4/tree.erofs\" of "
                                   "generation 4: it has 1000000 bytes of "));
    assert_non_null(strstr(screen, "; make it anew: booting generation 3 instead"));
    expect(scene, "cat /etc/number; echo changed > /etc/number; touch /usr/x 2>&1; ls /srv",
           "3\ntouch: /usr/x: Read-only file system\none");
    expect(scene, "awk '$2 == \"/usr\" {print $3}' /proc/mounts; ebb list | grep -o 'booted'",
           "squashfs\nbooted");
    expect(scene, "ebb list | awk '$1 == 3' | grep -c booted; ebb new --from 2 -- true",
           "1\ngeneration 6 is made from 2");
    expect(scene, "ebb try --no-reboot 4 2>&1 | grep -o 'generation 4: its image: it has 1000000 '",
           "generation 4: its image: it has 1000000 ");
    scene_power_off(scene);
    expect_clean(scene);
    scene_boot(scene);
    expect(scene, "cat /etc/number; awk '$2 == \"/usr\" {print $3}' /proc/mounts", "2\next4");
    scene_run(scene, "cd /persist/generations && rm -r 3 4 5 6");
    scene_power_off(scene);
    scene_configure(scene, CONFIG("overlay"));
    scene_boot(scene);
    expect(scene,
           "cat /etc/number; echo x > /usr/x && cat /usr/x; cat /run/ebb/volumes/.tree/etc/"
           "number; awk '$2 == \"/run/ebb/volumes/.tree\" {print $3}' /proc/mounts",
           "2\nx\n2\nerofs");
    scene_power_off(scene);
    expect_clean(scene);
    scene_end(scene);
}

#define KERNELS                                                                                    \
    "volume esp LABEL=EBB-ESP { fs vfat; mount /boot/efi; }\n" SCENE_STATE                         \
    "generations state:/generations trees=erofs\nroot overlay size=60%\nrescue reboot after=1s\n"  \
    "boot esp:/ options=\"console=ttyS0 cgroup.memory=nokmem no_timer_check panic=5\"\n"

/* The kernel of this machine in the tree, and beside it an image with another one. */
static void bring_kernels(struct scene *scene)
{
    const char *tree = scene->setup.tree;
    must_run("cd %s/usr && rm bin/depmod && cp -L /bin/kmod bin/depmod", tree); /* makes an index */
    must_run("mkdir %s/usr/lib/ebb && cp build/ebb-agent %s/usr/lib/ebb", tree, tree);
    must_run("printf '%%s' '%s' >> %s/etc/ebb/ebb.conf", ENTRIES_AGENT, tree);
    scene_install_kernel(scene, NULL);
    must_run("set -e; F=$PWD/build/demo/cloud; V=$(qemu-tests/cloud-kernel $F); cd %s;"
             "cp -al with-ebb other; cd other; rm -r usr/lib/modules boot; mkdir -p boot "
             "usr/lib/modules/$V; cp $F/boot/vmlinuz-$V boot; (cd $F/lib/modules/$V && cp -r "
             "--parents modules.builtin* modules.order kernel/arch kernel/crypto kernel/lib "
             "kernel/fs kernel/drivers/block kernel/drivers/char kernel/drivers/virtio "
             "$OLDPWD/usr/lib/modules/$V); PATH=$PATH:/sbin:/usr/sbin depmod -b . $V; cd ..;"
             "mkdir with-ebb/opt; mkfs.erofs with-ebb/opt/other other > said 2>&1; rm -r other",
             scene->folder);
}

/* Its entry is made of what is in the image, and its kernel is started from there. */
static void kernel_in_an_image(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("tree-kernel", KERNELS);
    scene_install_tool(scene);
    bring_kernels(scene);
    scene_make(scene);
    scene_boot(scene);
    expect(scene,
           "cd /persist/generations && mkdir 2 && cp 1/generation.json 2 &&"
           "ln 1/tree/opt/other 2/tree.erofs && ebb boot install --no-loader | tail -n 1 &&"
           "ebb list | grep -c '  6.*-cloud-' && ls -d /sys/block/loop*/loop 2> /dev/null | wc -l;"
           "ebb try --no-reboot 2 2> /dev/null | head -n 1",
           "5 boot entries\n1\n0\nits kernel is started by that of the default entry");
    scene_power_off(scene);
    scene_boot(scene);
    assert_non_null(strstr(scene_screen(scene), "ebb: starting the kernel of generation 2\n"));
    expect(scene,
           "uname -r | grep -c cloud; grep -c ebb.continues= /proc/cmdline;"
           "awk '$2 == \"/run/ebb/volumes/.tree\" {print $3}' /proc/mounts;"
           "ls -d /sys/block/loop*/loop | wc -l; ls -d /lib/modules/$(uname -r) | wc -l;"
           "dmesg | grep -c 'EXT4-fs .*: recovery complete'; ebb confirm | head -n 1",
           "1\n1\nerofs\n1\n1\n0\ngeneration 2 is good");
    scene_power_off(scene);
    expect_clean(scene);
    scene_end(scene);
}

#define NIX(more)                                                                                  \
    "volume nix UUID=5ce0e000-0000-4000-8000-00000000000a { fs ext4; mount /nix; }\n"              \
    "root tmpfs\npersist nix:/persist { dir /srv/one; " more "}\n"

/* A profile as Nix would make it, of a system whose init is static, and a shell for the agent that
 * comes back. What `system` leads to has no init, and the greatest number leads nowhere. */
static void make_profile(struct scene *scene)
{
    scene_run(scene,
              "cd /nix && mkdir -p store/one store/two var/nix/profiles persist/bin &&"
              "cp /bin/busybox persist/bin && cp /bin/busybox store/one/init &&"
              "persist/bin/busybox --install persist/bin && cat > store/one/boot.json <<'EOF'\n"
              "{\"org.nixos.bootspec.v1\": {\"init\": \"/nix/store/one/init\", \"label\": "
              "\"the first\", \"kernel\": \"/nix/store/k-linux-6.1.9/bzImage\"}}\nEOF\n"
              "cd var/nix/profiles && ln -s /nix/store/one system-1-link &&"
              "ln -s /nix/store/two system-2-link && ln -s /nix/store/none system-3-link &&"
              "ln -s system-2-link system");
}

static void nix_profile(void **state)
{
    (void)state; /* one scene */
    static const char profile[] = NIX("dir /bin; ") "generations nix:/var/nix/profiles kind=nix\n";
    struct scene *scene = scene_new("nix", NIX("") "generations nix:/generations\n");
    scene_install_tool(scene);
    scene_make(scene);
    scene_boot(scene);
    make_profile(scene);
    scene_run(scene, arena_printf(scene->arena,
                                  "echo kept > /srv/one/x; cat > /nix/ebb.conf <<'EOF'\n%sEOF\n",
                                  profile));
    scene_power_off(scene);
    scene_configure(scene, profile);
    scene_boot(scene);
    assert_non_null(strstr(scene_screen(scene), "ebb: generation 2 has no init "
                                                "\"/nix/store/two/init\"; boot another generation "
                                                "with ebb.generation=, or name another init with "
                                                "init=: booting generation 1 instead"));
    expect(scene,
           "cat /srv/one/x; ls /nix/store; awk '$2 == \"/\" {print $3}' /proc/mounts | "
           "tail -n 1",
           "kept\none\ntwo\ntmpfs");
    expect(scene,
           "cd /nix/generations/1/tree && lib64/ld-linux-x86-64.so.2 --library-path "
           "$(find $PWD -name '*.so.*' | sed 's:/[^/]*$::' | sort -u | tr '\\n' ':') bin/ebb list "
           "--config /nix/ebb.conf | sed 's/[-0-9]\\{10\\} [0-9:]\\{5\\}/TIME/'",
           "number          created        own     shared\n"
           "     1 TIME          ?          ?  6.1.9  \"the first\"  (booted)\n"
           "     2 TIME          ?          ?  (latest, default, failed: 1)\n"
           "     3                ?          ?          ?\n"
           "       not whole: cannot open \"/nix/store/none\", generation 3: No such file or "
           "directory; boot another one with ebb.generation=");
    scene_power_off(scene);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images),
        cmocka_unit_test(kernel_in_an_image),
        cmocka_unit_test(nix_profile),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
