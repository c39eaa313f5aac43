/* Files that are copied, in Debian under systemd: what passwd and its kin replace by a rename is
 * kept, over a clean reboot to the last write of a service that ends, and over a power cut. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

#define HASH "getent shadow alice | cut -d: -f2"
#define UNTIL_WRITTEN                                                                              \
    "until journalctl -b -u ebb-write-back -o cat | grep -q 'wrote \"/etc/shadow\" back to "       \
    "\"state:/persist/etc/shadow\"'; do sleep 0.1; done"

static void shadow_is_kept(void **state)
{
    (void)state; /* nothing is shared */
    struct error error;
    scene_need_debian();
    struct scene *scene = scene_new("copies", SCENE_STATE "root tmpfs size=50%\n"
                                                          "persist state:/persist {\n"
                                                          "    file /etc/machine-id\n"
                                                          "    dir  /var/log\n"
                                                          "    file /etc/shadow    method=copy\n"
                                                          "    file /etc/motd      method=symlink\n"
                                                          "}\n" SCENE_REST);
    scene_install_debian(scene);
    scene_make(scene);
    scene_boot(scene);
    assert_string_equal(vm_readiness(scene->vm), "running");
    /* At first the generation's own is kept; then what usermod makes of it. */
    scene_run(scene, UNTIL_WRITTEN);
    assert_string_equal(scene_run(scene, "stat -c %a:%U:%G /etc/shadow /persist/persist/etc/shadow;"
                                         "cmp /etc/shadow /persist/persist/etc/shadow;"
                                         "readlink /etc/motd"),
                        "640:root:shadow\n640:root:shadow\n/persist/persist/etc/motd");
    /* The last word is that of a service which writes when it is stopped. */
    scene_run(scene,
              "usermod -p early alice; echo welcome > /etc/motd; systemd-run -q --unit=last -p "
              "Type=oneshot -p RemainAfterExit=yes -p ExecStop='usermod -p last alice' true");
    assert_string_equal(scene_run(scene, HASH "; systemctl is-active last"), "early\nactive");
    if (vm_reboot(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(vm_readiness(scene->vm), "running");
    assert_string_equal(scene_run(scene, HASH "; cat /etc/motd; systemctl --failed --no-legend;"
                                              "stat -c %a:%U:%G /etc/shadow"),
                        "last\nwelcome\n640:root:shadow");
    /* Once the keeper says so, nothing more is needed. */
    scene_run(scene, "usermod -p written alice; " UNTIL_WRITTEN);
    vm_power_cut(scene->vm);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, HASH), "written");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shadow_is_kept),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
