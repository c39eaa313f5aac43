/* Systems that are laid out as NixOS lays them out, with busybox as their programs: entered by the
 * script that is their init, and by prepare-root, whose failure another generation makes up for.
 * What the boot loader asks for is what is booted, each by its own kernel. */

#include "base/testdata/shell.h"

#include "qemu-tests/scene.h"

#define VOLUME                                                                                     \
    "volume nix UUID=5ce0e000-0000-4000-8000-00000000000a { fs ext4; mount /nix; }\n"              \
    "root tmpfs\npersist nix:/persist { dir /srv/one; dir /bin; }\n"
#define PROFILE "generations nix:/var/nix/profiles kind=nix\n"

/* What both kinds of system do before systemd runs. The shell of the agent comes back by itself,
 * for it is asked for before such a script is done. */
static const char script[] =
    "#!/nix/store/b-busybox/bin/sh\n"
    "export PATH=/nix/store/b-busybox/bin\n"
    "test -e /proc/1 && test -d /sys/class && test -c /dev/null && test -d /run/ebb || exit 1\n"
    "test \"$IN_NIXOS_SYSTEMD_STAGE1\" = true || mount -o remount,rw none /\n"
    "echo \"it was ${IN_NIXOS_SYSTEMD_STAGE1:-false}\" > /stage1\n"
    "mount --bind /nix/store /nix/store && mount -o remount,ro,bind,nosuid,nodev /nix/store\n"
    "mkdir -p /run/keys /etc /tmp && echo made > /etc/made\n"
    "mountpoint -q /run/keys || mount -t ramfs keys /run/keys && echo key > /run/keys/a\n"
    "ln -sfn @system@ /run/booted-system\n";

/* Writes, in the language of debugfs, what shell commands made in the folder "nix". */
static void put_on_disk(const struct scene *scene)
{
    must_run("cd %s && (cd nix && find . -mindepth 1 -type d | sort | sed 's:^.:mkdir :' &&"
             "find . -type f | sed 's:^.\\(.*\\):write nix\\1 \\1:' &&"
             "find . -type l -printf 'symlink /%%P %%l\\n') > commands &&"
             "debugfs -w -f commands $OLDPWD/%s > said 2>&1",
             scene->folder, scene->disks[0].path);
}

/* 1 has a script as its init, 2 and 3 a prepare-root. That of 3, which is to be booted, fails. In
 * the /etc of 2 is a configuration, by links as NixOS makes them. */
static void make_store(const struct scene *scene)
{
    must_run("mkdir -p %s/nix && cat > %s/script <<'EOF'\n%sEOF\n", scene->folder, scene->folder,
             script);
    must_run(
        "cd %s/nix && mkdir -p store/b-busybox/bin var/nix/profiles persist &&"
        "cp $(command -v busybox) store/b-busybox/bin/busybox &&"
        "for i in $(busybox --list); do test $i = busybox ||"
        "ln -s busybox store/b-busybox/bin/$i; done &&"
        "cp -a store/b-busybox/bin persist &&"
        "for i in 1 2 3; do s=/nix/store/h$i-nixos-system-x; mkdir .${s#/nix} &&"
        "echo \"{\\\"org.nixos.bootspec.v1\\\": {\\\"init\\\": \\\"$s/init\\\", \\\"label\\\": "
        "\\\"NixOS $i\\\", \\\"toplevel\\\": \\\"$s\\\"}}\" > .${s#/nix}/boot.json &&"
        "ln -s /nix/store/b-busybox .${s#/nix}/sw && ln -s $s var/nix/profiles/system-$i-link &&"
        "sed \"s,@system@,$s,\" ../script > .${s#/nix}/prepare-root || exit; done &&"
        "ln -s system-3-link var/nix/profiles/system && cd store &&"
        "echo 'exec init' >> h1-nixos-system-x/prepare-root &&"
        "mv h1-nixos-system-x/prepare-root h1-nixos-system-x/init &&"
        "echo 'echo no activation; exit 7' >> h3-nixos-system-x/prepare-root &&"
        "for i in 2 3; do cp b-busybox/bin/busybox h$i-nixos-system-x/init; done &&"
        "chmod 755 h1-*/init h?-*/prepare-root && mkdir -p e-etc/etc/ebb &&"
        "ln -s /nix/store/e-etc/etc h2-nixos-system-x/etc && cd e-etc/etc/ebb &&"
        "ln -s /nix/store/c-ebb.conf ebb.conf && echo '%s' > ../../../c-ebb.conf",
        scene->folder, VOLUME PROFILE "persist nix:/persist { dir /srv/two; }");
}

/* 4 is as 2 is, but of another kernel, whose image is built among the modules of that. */
static void add_other_kernel(const struct scene *scene)
{
    static const char bootspec[] =
        "{\"org.nixos.bootspec.v1\": {\"init\": \"/nix/store/h4-nixos-system-x/init\", \"kernel\": "
        "\"/nix/store/k-linux/bzImage\", \"initrd\": \"/nix/store/i-initrd/initrd\", "
        "\"kernelParams\": [\"console=ttyS0\", \"panic=-1\", \"cgroup.memory=nokmem\", "
        "\"no_timer_check\"]}}";
    must_run("set -e; F=$PWD/build/demo/cloud; V=$(qemu-tests/cloud-kernel $F); E=$PWD/build/ebb;"
             "cd %s; S=$PWD/nix/store; mkdir -p cloud/lib/modules $S/k-linux $S/i-initrd;"
             "mkdir -p $S/m-modules/lib/modules/$V; cp $F/boot/vmlinuz-$V $S/k-linux/bzImage;"
             "cp -al $F/lib/modules/$V cloud/lib/modules;"
             "PATH=$PATH:/sbin:/usr/sbin depmod -b cloud $V; cat ebb.conf agent.conf > cloud.conf;"
             "unshare $(test $(id -u) = 0 || echo -r) -m sh -c \"mount --bind cloud/lib/modules "
             "/lib/modules && $E build --kernel $V -o $S/i-initrd/initrd cloud.conf\";"
             "cd $S; cp -a h2-nixos-system-x h4-nixos-system-x; cd h4-nixos-system-x;"
             "sed -i s,/h2-,/h4-, prepare-root; ln -s /nix/store/m-modules kernel-modules;"
             "echo '%s' > boot.json;"
             "ln -s /nix/store/h4-nixos-system-x ../../var/nix/profiles/system-4-link",
             scene->folder, bootspec);
}

/* Boots by the entry that NixOS makes of a system. */
static void boot_entry_of(struct scene *scene, unsigned number)
{
    vm_stop(scene->vm);
    scene->vm = NULL;
    scene->request.append = arena_printf(scene->arena, "%s init=/nix/store/h%u-nixos-system-x/init",
                                         scene->setup.append, number);
    scene_boot_generation(scene, number);
}

/* The root is memory, the store is as it should be, and what `keys` mounted is there. */
static void expect_entered(struct scene *scene, const char *system, const char *init,
                           const char *stage1)
{
    scene_run(scene, "while grep -q bin/sh /proc/1/cmdline; do sleep 0.1; done");
    scene_expect(
        scene,
        "readlink /run/booted-system; readlink /proc/1/exe; cat /stage1 /etc/made /run/keys/a",
        arena_printf(scene->arena, "%s\n%s\nit was %s\nmade\nkey", system, init, stage1));
    scene_expect(scene,
                 "awk '$2 == \"/nix/store\" {print $4}' /proc/mounts | grep -o "
                 "'^ro,nosuid,nodev'; touch /nix/store/x 2>&1; touch /etc/x && echo x > "
                 "/nix/var/x && awk '$2 == \"/\" {print $3}' /proc/mounts | tail -n 1",
                 "ro,nosuid,nodev\ntouch: /nix/store/x: Read-only file system\ntmpfs");
    scene_expect(scene, "grep -c -e /sysroot /proc/mounts || true", "0");
}

static void generations(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("nixos", VOLUME "generations nix:/generations\n");
    scene_make(scene);
    make_store(scene);
    scene_configure(scene, VOLUME PROFILE);
    add_other_kernel(scene);
    put_on_disk(scene);
    scene_boot(scene);
    assert_contains(scene_screen(scene),
                    "ebb: \"/nix/store/h3-nixos-system-x/prepare-root\" of generation 3 failed "
                    "with exit status 7, and its last words are \"no activation\"; boot another "
                    "generation with ebb.generation=, or write enter=init in `generations`: "
                    "booting generation 2 instead");
    expect_entered(scene, "/nix/store/h2-nixos-system-x", "/nix/store/h2-nixos-system-x/init",
                   "true");
    scene_run(scene,
              "grep -q ' /srv/two ' /proc/mounts && echo kept > /srv/one/x; ln -sfn system-4-link "
              "/nix/var/nix/profiles/system");
    scene_power_off(scene);
    boot_entry_of(scene, 1);
    expect_entered(scene, "/nix/store/h1-nixos-system-x", "/nix/store/b-busybox/bin/busybox",
                   "false");
    scene_expect(scene, "cat /srv/one/x; test -e /srv/two || echo not declared",
                 "kept\nnot declared");
    scene_power_off(scene);
    boot_entry_of(scene, 4);
    assert_contains(scene_screen(scene), "ebb: starting the kernel of generation 4");
    expect_entered(scene, "/nix/store/h4-nixos-system-x", "/nix/store/h4-nixos-system-x/init",
                   "true");
    scene_expect(scene,
                 "uname -r | grep -o cloud; ls -d /nix/store/m-modules/lib/modules/$(uname -r) |"
                 "grep -c .; grep -o 'ebb.continues=.*:4 init=[^ ]*' /proc/cmdline | cut -d: -f2;"
                 "grep -c ebb.generation= /proc/cmdline || true; dmesg | grep -c 'recovery "
                 "complete' || true",
                 "cloud\n1\n4 init=/nix/store/h4-nixos-system-x/init\n0\n0");
    scene_power_off(scene);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(generations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
