/* Generations whose tree is no folder: images of erofs and squashfs, whole and cut off. */

#include "base/testdata/shell.h"

#include "qemu-tests/scene.h"

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

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
