/* The promise itself: what was declared comes back, and everything else is gone; after a reboot,
 * and after the plug was pulled. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"
#include "vm/disk.h"

static const char configuration[] =
    SCENE_STATE "root tmpfs size=50%\n"
                "persist state:/persist {\n"
                "    dir  /var/log\n"
                "    dir  /home/alice owner=alice group=alice mode=0700\n"
                "    dir  \"/srv/Téléchargements et plus\"\n"
                "    file /etc/machine-id\n"
                "    file /etc/adjtime mode=0640\n"
                "}\n" SCENE_REST;

static void declared_paths_come_back(void **state)
{
    (void)state; /* one scene tells the whole story */
    struct scene *scene = scene_new("boot", configuration);
    scene_make(scene);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "stat -c '%U:%G %a' /home/alice"), "alice:alice 700");
    assert_string_equal(scene_run(scene, "stat -c '%u:%g %a %s' /etc/adjtime"), "0:0 640 0");
    const char *identity = scene_run(scene, "cat /etc/machine-id");
    assert_int_equal(strlen(identity), 32);
    scene_run(scene, "echo kept > /home/alice/notes; echo kept > /etc/adjtime;"
                     "echo kept > '/srv/Téléchargements et plus/a file'");
    scene_run(scene, "echo lost > /etc/passwd.local; echo lost > /root/lost; mkdir /var/lost");
    scene_run(scene, "! touch /usr/bin/x"); /* the generation is not written to */

    struct error error;
    scene_reboot(scene);
    assert_string_equal(scene_run(scene, "cat /home/alice/notes /etc/adjtime "
                                         "'/srv/Téléchargements et plus/a file'"),
                        "kept\nkept\nkept");
    assert_string_equal(scene_run(scene, "cat /etc/machine-id"), identity);
    assert_string_equal(
        scene_run(scene, "ls -d /etc/passwd.local /root/lost /var/lost 2>/dev/null | wc -l"), "0");

    scene_run(scene, "echo cut > /home/alice/cut; sync; echo cut > /root/cut; sync");
    vm_power_cut(scene->vm);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "cat /home/alice/cut; ls /root"), "cut");

    scene_power_off(scene);
    char *text = NULL;
    if (disk_read(scene->disks[0].path, "/persist/home/alice/notes", &text, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(text, "kept\n");
    free(text);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_paths_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
