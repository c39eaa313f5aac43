/* A root that is a subvolume of btrfs: made anew, kept, deleted; and the power fails meanwhile. */

#include "base/testdata/shell.h"

#include <fcntl.h>

#include "qemu-tests/scene.h"
#include "vm/tree.h"

#define STATE                                                                                      \
    "volume state UUID=5ce0e000-0000-4000-8000-00000000000a { fs btrfs; mount /persist; }\n"       \
    "persist state:/kept { dir /srv; file /etc/note; }\ngenerations state:/generations\n"
#define KEPT "build/qemu/subvolume-state.img"

#define SWAP "5ce0e000-0000-4000-8000-00000000005a"

enum { PATIENCE = 180000 };

static void wait_for(struct scene *scene, const char *text)
{
    struct error error;
    if (vm_wait_serial(scene->vm, text, &error) < 0)
        fail_msg("%s", error.text);
}

static void type(struct scene *scene, const char *keys)
{
    struct error error;
    if (vm_type(scene->vm, keys, &error) < 0)
        fail_msg("%s", error.text);
}

static void power_off(struct scene *scene)
{
    struct error error;
    if (vm_power_off(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
}

static void expect(struct scene *scene, const char *command, const char *output)
{
    const char *found = scene_run(scene, command);
    if (strcmp(found, output) != 0)
        fail_msg("\"%s\" says:\n%s\nand not:\n%s\n%s", command, found, output,
                 scene_run(scene, "ls -la / /persist; dmesg | tail -n 40"));
}

/* The generation has btrfs(8) of this machine. */
static struct scene *begin(const char *name, const char *configuration)
{
    struct error error;
    struct scene *scene = scene_new(name, configuration);
    const char *tree = arena_printf(scene->arena, "%s/with-btrfs", scene->folder);
    if (tree_make(tree, scene->config, &error) < 0)
        fail_msg("%s", error.text);
    must_run("export PATH=$PATH:/sbin:/usr/sbin; cp \"$(command -v btrfs)\" %s/bin/ && "
             "ldd \"$(command -v btrfs)\" | grep -o '/[^ ]*' | while read file; do "
             "mkdir -p %s/$(dirname $file) && cp -L $file %s/$file || exit 1; done",
             tree, tree, tree);
    scene->setup.tree = tree;
    return scene;
}

/* What stays and what goes, over several boots of one machine. */
static void a_root_is_thrown_away(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        begin("subvolume-life", STATE "root subvolume state:/@root keep=1d mode=0711\n"
                                      "rescue reboot after=1s\n");
    scene_make(scene);
    scene_boot(scene);
    expect(scene, "grep -c ' / btrfs rw,.*subvol=/@root ' /proc/mounts; stat -c %a /", "1\n711");
    expect(scene, "ls -d /persist/@*", "/persist/@root");
    expect(scene,
           "touch /bin/x 2>&1 | grep -o Read-only; grep -c ' /sysroot' /proc/mounts; "
           "ls -A /etc/hostname",
           "Read-only\n0\n/etc/hostname");
    scene_run(scene, "echo kept | tee /srv/file /etc/note; echo lost > /lost;"
                     "echo x > /etc/hostname");
    power_off(scene);

    scene_boot(scene);
    expect(scene, "cat /srv/file /etc/note /etc/hostname; test ! -e /lost", "kept\nkept\nebb");
    expect(scene,
           "cat /persist/@root.old-2*/lost /persist/@root.old-2*/etc/hostname; "
           "ls -d /persist/@* | wc -l",
           "lost\nx\n2");
    scene_run(scene, "echo again > /found; touch /.ebb-dont-wipe");
    power_off(scene);

    scene_boot(scene); /* the old root, as it was */
    expect(scene,
           "cat /found /srv/file; ls -d /persist/@* | wc -l; touch /bin/x 2>&1 | grep -o Read",
           "again\nkept\n2\nRead");
    /* Not from the screen, where the same words of the kernel's log may fall into the line. */
    expect(scene,
           "dmesg | grep -c 'ebb: the old root state:/@root is used again as it is, because of "
           "/.ebb-dont-wipe in it'",
           "1");
    scene_run(scene, "rm /.ebb-dont-wipe; touch /persist/.ebb/dont-wipe");
    power_off(scene);

    scene_boot(scene);
    expect(scene, "cat /found; ls -d /persist/@* | wc -l", "again\n2");
    scene_run(scene, "rm /persist/.ebb/dont-wipe");
    /* What is to go, with what lies in it, and what is not. */
    scene_run(scene, "cd /persist; mv @root.old-2* @root.old-20010203T040506;"
                     "btrfs subvolume create @root.old-20010203T040506/inner;"
                     "btrfs subvolume create @root.old-20010203T040506/inner/most;"
                     "btrfs subvolume snapshot @root.old-20010203T040506 snapshot;"
                     "btrfs subvolume create @root.old-20010203T040507-2;"
                     "btrfs subvolume create @root.old-20010230T040506;" /* no such day */
                     "btrfs subvolume create @root.old-29990101T000000;"
                     "btrfs subvolume create @other; mkdir @root.old-20010203T040508;"
                     "btrfs subvolume create @other/@root.old-20010203T040506");
    power_off(scene);

    scene_boot(scene);
    expect(scene,
           "cat /persist/@root.old-20[3-9]*/found /persist/@root.old-202*/found 2>/dev/null;"
           "test ! -e /found; cat /persist/snapshot/lost",
           "again\nlost");
    expect(scene,
           "btrfs subvolume list /persist | sed 's,.* path ,,; s,\\(old-20[2-9]\\).*,\\1,' | sort;"
           "ls -d /persist/@root.old-2001*",
           "@other\n@other/@root.old-20010203T040506\n@root\n@root.old-20010230T040506\n"
           "@root.old-202\n@root.old-29990101T000000\nkept\nsnapshot\n"
           "/persist/@root.old-20010203T040508\n/persist/@root.old-20010230T040506");
    expect(scene, "dmesg | grep -c 'is no subvolume, so it is not deleted'", "1");
    power_off(scene);
    scene_end(scene);
}

/* Where the power fails, as the log says it. */
static const char *const moments[] = {
    "ebb: mount the volume",
    "subvolume: \"@root.ebb-new\" is made",
    "ebb: lay out generation",
    "ebb: prove that",
    "subvolume: \"@root.ebb-new\" is laid out",
    "ebb: the old root is \"@root.old-",
    "subvolume: \"@root\" is in its place",
    "ebb: the old root \"@root.old-2001",
    "ebb: execute",
};

/* Whatever was cut off, the next boot comes up, and everything that a system wrote is still there.
 */
static void the_power_fails(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = begin("subvolume-power", STATE "root subvolume state:/@root keep=1d\n"
                                                         "rescue reboot after=1s\n");
    scene->setup.append = "ebb.debug loglevel=8";
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    scene_boot(scene);
    for (size_t i = 0; i < ARRAY_LENGTH(moments); i++) {
        scene_run(scene, arena_printf(
                             scene->arena,
                             "echo %zu >> /srv/file; echo %zu > /mark;"
                             "btrfs subvolume create /persist/@root.old-20010203T04050%zu;"
                             "btrfs subvolume create /persist/@root.old-20010203T04050%zu/x; sync",
                             i, i, i, i));
        vm_power_cut(scene->vm);
        scene_start(scene);
        wait_for(scene, moments[i]);
        vm_power_cut(scene->vm);
        scene_boot(scene);
        expect(scene,
               arena_printf(
                   scene->arena,
                   "tail -n 1 /srv/file; cat /persist/@root.old-*/mark | grep -cx %zu;"
                   "grep -c ' / btrfs ' /proc/mounts;"
                   "ls -d /mark /persist/@root.ebb* /persist/@root.old-2001* 2>/dev/null || true",
                   i),
               arena_printf(scene->arena, "%zu\n1\n1", i));
    }
    power_off(scene);
    scene_end(scene);
}

/* A boot that fails leaves the old root where it is, however often it is tried. */
static void another_generation_is_chosen(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = begin("subvolume-retry", STATE "root subvolume state:/@root\n");
    scene->setup.append = "ebb.generation=latest"; /* else it would give way by itself */
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    scene_boot(scene);
    scene_run(scene,
              "echo first > /mark; cd /persist/generations && mkdir -p 2/tree/etc &&"
              "echo '{\"format\": 1}' > 2/generation.json && echo two > 2/tree/etc/hostname");
    power_off(scene);
    scene_start(scene);
    wait_for(scene, "generation 2 has no init");
    wait_for(scene, "o power off");
    type(scene, "r");
    wait_for(scene, "ebb: rescue is over: trying again");
    wait_for(scene, "o power off");
    type(scene, "p");
    wait_for(scene, "ebb: rescue is over: booting the previous generation");
    scene_boot(scene);
    expect(scene,
           "cat /etc/hostname /persist/@root.old-*/mark; ls -d /persist/@* | wc -l;"
           "btrfs subvolume list /persist | wc -l; grep -c ' / ' /proc/mounts;"
           "grep -c sysroot /proc/mounts || true",
           "ebb\nfirst\n2\n3\n1\n0");
    power_off(scene);
    scene_end(scene);
}

/* The root is a snapshot; and a system that hibernated is not disturbed. */
static void a_blank_snapshot(void **state)
{
    (void)state; /* two scenes of one machine */
    static const char swap[] = "build/qemu/subvolume-swap.img";
    struct scene *scene = begin("subvolume-blank", STATE "root subvolume state:/@root\n");
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "echo first > /mark; cd /persist && btrfs subvolume create blank &&"
                     "mkdir blank/etc && echo blank > blank/etc/blank &&"
                     "btrfs property set blank ro true");
    power_off(scene);
    must_run("cp --sparse=always '%s' " KEPT, scene->disks[0].path);
    scene_end(scene);

    scene = begin("subvolume-blank", STATE "root subvolume state:/@root blank=state:/blank\n"
                                           "rescue reboot after=1s\n");
    const struct scratch_given given[] = {{"state", KEPT}};
    scene->setup.given = given;
    scene->setup.given_count = 1;
    scene_make(scene);
    scene_boot(scene);
    expect(scene, "cat /etc/blank /etc/hostname; echo x > /etc/blank; cat /persist/blank/etc/blank",
           "blank\nebb\nblank");
    scene_run(scene, "echo awake > /mark");
    power_off(scene);
    vm_stop(TAKE_PTR(scene->vm));

    must_run("export PATH=$PATH:/sbin:/usr/sbin; rm -f %s && truncate -s 16M %s && mkswap -q %s && "
             "printf 'S1SUSPEND\\0' | dd of=%s bs=1 seek=4086 conv=notrunc status=none",
             swap, swap, swap, swap);
    scene->request.disks = scene->disks = (struct vm_disk[]){{.path = KEPT}, {.path = swap}};
    scene->request.disk_count = 2;
    scene_start(scene);
    wait_for(scene, " holds a hibernated system, whose");
    char letter = strstr(vm_serial_of_boot(scene->vm), "/dev/vda holds a hib") ? 'a' : 'b';
    scene_expect_rescue(scene,
                        arena_printf(scene->arena,
                                     "/dev/vd%c holds a hibernated system, whose file systems a "
                                     "boot would destroy; resume it with the initramfs that it "
                                     "hibernated from, or give it up: boot with noresume",
                                     letter));
    if (strstr(vm_serial_of_boot(scene->vm), "ebb: mount the volume"))
        fail_msg("the volume was mounted all the same");
    vm_stop(TAKE_PTR(scene->vm));
    scene->request.append = "noresume";
    scene_boot(scene);
    expect(scene, "cat /persist/@root.old-*/mark | sort -u", "awake\nfirst");
    power_off(scene);
    vm_stop(TAKE_PTR(scene->vm));

    /* In a swap file, which only the command line knows of. */
    must_run(
        "export PATH=$PATH:/sbin:/usr/sbin; mkswap -q -U " SWAP " %s && "
        "printf 'S1SUSPEND\\0' | dd of=%s bs=1 seek=$((5 * 4096 + 4086)) conv=notrunc status=none",
        swap, swap);
    scene->request.append = "resume=UUID=" SWAP " resume_offset=5";
    scene_start(scene);
    wait_for(scene, " holds a hibernated system, whose");
    vm_stop(TAKE_PTR(scene->vm));
    scene->request.append = "resume=UUID=" SWAP " resume_offset=4";
    scene_boot(scene);
    power_off(scene);
    vm_stop(TAKE_PTR(scene->vm));
    scene->request.append = "resume=/dev/mapper/nobody";
    scene_expect_rescue(scene,
                        "resume=/dev/mapper/nobody did not appear within 10 s, so nobody can "
                        "say whether it holds a hibernated system, whose file systems a boot "
                        "would destroy; attach it, declare the container that it lies in, "
                        "or boot with noresume");
    scene_end(scene);
    must_run("rm -f %s " KEPT, swap);
}

/* What is not as it should be on the volume, and what to do about it. */
static void what_is_in_the_way(void **state)
{
    (void)state; /* two scenes */
    static const char image[] = "build/qemu/subvolume-way.img";
    struct scene *scene = begin("subvolume-way", STATE "root subvolume state:/roots/@\n"
                                                       "rescue reboot after=1s\n");
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "cd /persist/roots; for i in @.ebb-new @.ebb-new/in @.ebb-new/in/most default;"
                     "do btrfs subvolume create $i || exit 1; done");
    power_off(scene);
    scene_boot(scene);
    expect(scene, "btrfs subvolume list /persist | sed 's,.* path ,,; s,old-.*,old,' | sort",
           "kept\nroots/@\nroots/@.old\nroots/default");
    scene_run(scene, "btrfs subvolume set-default /persist/roots/default; mkdir /persist/roots/d"
                     "efault/.ebb; cp -a /persist/.ebb/* /persist/roots/default/.ebb;"
                     "cp -a /persist/generations /persist/roots/default");
    power_off(scene);
    scene_expect_rescue(scene, "the volume \"state\" shows a subvolume of its own choice, and the "
                               "root needs the whole; write options=subvolid=5");
    must_run("cp --sparse=always '%s' %s", scene->disks[0].path, image);
    scene_end(scene);

    scene = scene_new("subvolume-way", "volume state UUID=5ce0e000-0000-4000-8000-00000000000a { "
                                       "fs btrfs options=subvolid=5; mount /persist; }\n"
                                       "root subvolume state:/roots/@\n" SCENE_REST);
    const struct scratch_given given[] = {{"state", image}};
    scene->setup.given = given;
    scene->setup.given_count = 1;
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "cd /persist/roots && mv @ was && mkdir @ && echo mine > @/mine");
    power_off(scene);
    scene_expect_rescue(scene,
                        "\"@\", where the root state:/roots/@ is to be made, is there and is "
                        "no subvolume; move it away, or give `root` another place");
    scene_end(scene);
    must_run("rm -f %s", image);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_is_thrown_away),        cmocka_unit_test(the_power_fails),
        cmocka_unit_test(another_generation_is_chosen), cmocka_unit_test(a_blank_snapshot),
        cmocka_unit_test(what_is_in_the_way),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
