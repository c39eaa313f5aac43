/* `ebb keep` and `ebb drop` in Debian under systemd, while services run: what is kept is there at
 * the next boot, whose image is made of the configuration that was changed; and after a power cut
 * in the middle, what is on the volume is whole or is not there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

static const char before[] = SCENE_STATE "root tmpfs size=50%\n"
                                         "persist state:/persist {\n"
                                         "    file /etc/machine-id\n"
                                         "    dir  /var/log\n"
                                         "}\n" SCENE_REST;

/* Debian with Ebb and that configuration in it. */
static struct scene *boot(const char *name)
{
    scene_need_debian();
    struct scene *scene = scene_new(name, before);
    scene_install_debian(scene);
    scene_install_config(scene, before);
    scene_make(scene);
    scene_boot(scene);
    assert_string_equal(vm_readiness(scene->vm), "running");
    return scene;
}

static void expect(struct scene *scene, const char *command, const char *part)
{
    const char *said = scene_run(scene, command);
    if (!strstr(said, part))
        fail_msg("\"%s\" did not say \"%s\":\n%s", command, part, said);
}

#define SERVICE(name, command)                                                                     \
    "systemd-run -q --unit=" name " -p Type=exec sh -c '" command "; exec sleep infinity'; "       \
    "until test -e /run/" name "; do sleep 0.1; done;"
#define TABLE                                                                                      \
    "stat -c '%n %U:%G %a' /srv/data /srv/data/x /home/alice/.config "                             \
    "/home/alice/.config/app /home/alice/.config/app/rc /home/alice/.ssh/known_hosts;"             \
    "stat -c %i /srv/data/x /srv/data/y | uniq | wc -l; cat /srv/data/held "                       \
    "/home/alice/.config/app/rc /home/alice/.ssh/known_hosts; findmnt -no FSTYPE /srv/data"

static void kept_while_in_use(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene = boot("keep");
    scene_run(scene,
              "mkdir /srv/data && echo precious > /srv/data/x && ln /srv/data/x /srv/data/y &&"
              "chown -R alice: /srv/data && chmod 2770 /srv/data && cd /home/alice &&"
              "mkdir -p .config/app .ssh && echo rc > .config/app/rc && echo old > "
              ".ssh/known_hosts && chmod 700 . .config .ssh && chmod 750 .config/app &&"
              "chmod 600 .ssh/known_hosts && chown -R alice: . /srv/data");
    scene_run(scene, SERVICE("holder", "exec 3>>/srv/data/held; echo held >&3; touch /run/holder"));
    /* What was open before is told. */
    expect(scene, "ebb keep --dry-run /srv/data 2>&1", "    dir /srv/data owner=alice");
    expect(scene, "! findmnt /srv/data; ebb keep /srv/data 2>&1",
           "so that what they write is lost: sleep (");
    expect(scene, "systemctl stop holder; ebb keep /home/alice/.config/app 2>&1",
           "    home alice {\n        dir .config/app mode=0750\n    }\n");
    expect(scene, "ebb keep /home/alice/.ssh/known_hosts 2>&1",
           "        file .ssh/known_hosts method=copy\n");
    /* The keeper looks after it already. */
    scene_run(scene,
              "cd /home/alice/.ssh && echo new > next && chmod 600 next && chown alice: next "
              "&& mv next known_hosts && until grep -q new "
              "/persist/persist/home/alice/.ssh/known_hosts; do sleep 0.1; done");
    assert_string_equal(scene_run(scene, "ebb status | grep entries"),
                        "entries: 5 restored, 0 skipped");
    assert_string_equal(scene_run(scene, "ebb lost /srv /home/alice/.config /home/alice/.ssh"),
                        "nothing would be lost");
    /* There and back again, but not under somebody's feet. */
    scene_run(scene, "mkdir /srv/tmp && echo tmp > /srv/tmp/x && ebb keep /srv/tmp &&"
                     "findmnt /srv/tmp");
    scene_run(scene, SERVICE("walker", "cd /srv/tmp; touch /run/walker"));
    expect(scene, "ebb drop /srv/tmp 2>&1; test $? = 1 && findmnt /srv/tmp",
           "\"/srv/tmp\" is in use by sleep (");
    expect(scene,
           "systemctl stop walker; ebb drop /srv/tmp 2>&1; ! findmnt /srv/tmp && cat "
           "/srv/tmp/x",
           "as an orphan: state:/persist/srv/tmp\n");
    expect(scene, "ebb orphans", "state:/persist/srv/tmp/");
    assert_string_equal(scene_run(scene, "systemctl --failed --no-legend"), "");
    /* The next image has the configuration as it is now. */
    const char *table = scene_run(scene, TABLE),
               *after = scene_run(scene, "cat /etc/ebb/ebb.conf; echo; echo \"# $(date)\"");
    scene_power_off(scene);
    scene_configure(scene, after);
    scene_boot(scene);
    assert_string_equal(vm_readiness(scene->vm), "running");
    assert_string_equal(scene_run(scene, TABLE), table);
    expect(scene, TABLE, "held\nrc\nnew\next4");
    assert_string_equal(scene_run(scene, "ebb status | grep entries; ls /srv"),
                        "entries: 5 restored, 0 skipped\ndata");
    scene_end(scene);
}

/* When so many files are there under the temporary name. */
#define UNTIL(count)                                                                               \
    "systemd-run -q --unit=keep ebb keep /srv/share; until test $(find "                           \
    "/persist/persist/srv 2>/dev/null | wc -l) -ge " #count "; do :; done"

static void the_power_is_cut(void **state)
{
    (void)state; /* nothing is shared */
    static const char *const moments[] = {UNTIL(1), UNTIL(200)};
    struct scene *scene = boot("keep-cut");
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        scene_run(scene, "cp -a /usr/share /srv");
        scene_run(scene, moments[i]);
        vm_power_cut(scene->vm);
        scene_boot(scene);
        assert_string_equal(vm_readiness(scene->vm), "running");
        scene_run(scene, "test ! -e /persist/persist/srv/share ||"
                         "diff -r --no-dereference /usr/share /persist/persist/srv/share");
    }
    scene_run(scene, "cp -a /usr/share /srv && ebb keep --replace /srv/share &&"
                     "diff -r --no-dereference /usr/share /srv/share &&"
                     "findmnt /srv/share && test ! -e /persist/persist/srv/.ebb-new");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_while_in_use),
        cmocka_unit_test(the_power_is_cut),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
