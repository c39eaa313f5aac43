/* Persist entries as a running systemd finds them: homes, seeds, mount options, one that waits for
 * its owner, and one that does not come back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

static const char tree[] = "build/demo/debian";

static const char configuration[] =
    SCENE_STATE "root tmpfs size=50%\n"
                "persist state:/persist {\n"
                "    dir  /var/log\n"
                "    dir  /etc/skel\n"
                "    dir  /etc/pam.d seed=none mode=0711\n"
                "    dir  \"/srv/a folder\" options=hide,trash,noexec,nosuid mode=0750\n"
                "    dir  /var/lib/later owner=later mode=2750\n"
                "    dir  /var/lib/broken required=degrade\n"
                "    file /etc/machine-id\n"
                "    home alice {\n"
                "        dir  .ssh\n"
                "        file .local/share/history\n"
                "    }\n"
                "}\n" SCENE_REST;

static int make_tree(void **state)
{
    (void)state; /* the tree is a folder of its own */
    if (geteuid() != 0 && access("build/demo/debian/etc/os-release", R_OK) < 0)
        return 0;
    return system("examples/debian-tree build/demo/debian") == 0 ? 0 : -1;
}

static void check_homes(struct scene *scene)
{
    assert_string_equal(scene_run(scene, "cd /home/alice; stat -c '%U:%G %a' . .ssh .local "
                                         ".local/share .local/share/history"),
                        "alice:alice 755\nalice:alice 700\nalice:alice 700\nalice:alice 700\n"
                        "alice:alice 600");
    assert_string_equal(
        scene_run(scene, "cd /persist/persist/home/alice; stat -c '%U:%G %a' . .local"),
        "alice:alice 700\nalice:alice 700");
}

static void check_options(struct scene *scene)
{
    scene_run(scene, "findmnt -mno OPTIONS '/srv/a folder' | grep -q x-gvfs-hide,x-gvfs-trash");
    scene_run(scene, "findmnt -no VFS-OPTIONS '/srv/a folder' | grep -q '^rw,nosuid,noexec,'");
    scene_run(scene, "! findmnt -mno OPTIONS /var/log | grep -q x-gvfs");
}

static void entries_are_as_declared(void **state)
{
    (void)state; /* one scene tells the whole story */
    struct error error;
    if (access("build/demo/debian/etc/os-release", R_OK) < 0) {
        print_message("SKIP: a Debian tree can be made by root only\n");
        skip();
    }
    struct scene *scene = scene_new("entries", configuration);
    scene->setup.tree = tree;
    scene_make(scene);
    scene_boot(scene);
    check_homes(scene);
    check_options(scene);
    scene_run(scene, "test -s /etc/skel/.bashrc && mountpoint -q /etc/skel &&"
                     "test -z \"$(ls -A /etc/pam.d)\" && test $(stat -c %a /etc/pam.d) = 711");
    /* Whoever comes later gets what waited. */
    assert_string_equal(scene_run(scene, "stat -c '%U:%G %a' /var/lib/later"), "root:root 700");
    scene_run(scene, "grep -q '\"late\": *\\[' /run/ebb/status.json &&"
                     "grep -q '\"/var/lib/later\"' /run/ebb/status.json");
    scene_run(scene, "useradd -r later && systemd-tmpfiles --create ebb.conf");
    assert_string_equal(scene_run(scene, "stat -c '%U:%G %a' /var/lib/later"), "later:root 2750");

    scene_run(scene,
              "echo mine > /etc/skel/.bashrc; echo mine > /home/alice/.local/share/history;"
              "rmdir /persist/persist/var/lib/broken && echo x > /persist/persist/var/lib/broken;"
              "chmod 777 /persist/persist/etc/pam.d '/persist/persist/srv/a folder'");
    if (vm_reboot(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
    check_homes(scene);
    check_options(scene);
    assert_string_equal(scene_run(scene, "cat /etc/skel/.bashrc /home/alice/.local/share/history"),
                        "mine\nmine");
    assert_string_equal(scene_run(scene, "stat -c %a /etc/pam.d '/srv/a folder'"), "711\n750");
    assert_string_equal(scene_run(scene, "stat -c %a /var/lib/broken; ls -A /var/lib/broken"), "0");
    scene_run(scene, "! touch /var/lib/broken/x && grep -q '\"/var/lib/broken\"' "
                     "/run/ebb/status.json");
    assert_non_null(strstr(scene_screen(scene),
                           "ebb: degraded: \"/var/lib/broken\" did not come back: "
                           "\"/var/lib/broken\" is declared as a folder, but "
                           "\"state:/persist/var/lib/broken\" is a file"));
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_as_declared),
    };
    return cmocka_run_group_tests(tests, make_tree, NULL);
}
