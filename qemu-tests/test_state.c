/* What persists is kept before a trial, and comes back by `ebb rollback --with-state`. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

#define STATES "cd /persist/.ebb/states && "

static void the_state_goes_back(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new(
        "state", "volume state UUID=5ce0e000-0000-4000-8000-00000000000a { fs btrfs; mount "
                 "/persist; }\nroot tmpfs\ngenerations state:/generations default=1\n"
                 "persist state:/kept { dir /srv; }\nrescue reboot after=1s\n");
    scene_install_tool(scene);
    scene_make(scene);
    scene_boot_generation(scene, 1);
    scene_run(scene, "echo old > /srv/file; cd /persist/generations && cp -a 1 2");
    scene_expect(scene,
                 "stat -c %i /persist/kept; ebb try 2 --no-reboot 2>/dev/null | head -n 1 | "
                 "sed 's/[0-9]*T[0-9]*/X/g'; " STATES "stat -c %a .; cat 1-*/%kept/srv/file; "
                 "touch $(echo 1-*/%kept)/x 2>&1 | grep -o Read-only",
                 "256\nwhat persists is kept as 1-X; `ebb rollback --with-state=1-X` brings it "
                 "back\n700\nold\nRead-only");
    scene_power_off(scene);

    scene_boot_generation(scene, 2);
    scene_expect(scene, "cat /srv/file; echo new > /srv/file; ebb confirm",
                 "old\ngeneration 2 is good");
    scene_expect(scene,
                 "ebb rollback 2 --with-state 2>&1 || true; ebb rollback 1 --with-state | "
                 "sed 's/[0-9]*T[0-9]*/X/g; s/is [0-9]* [a-z]*/is/'; cat /srv/file",
                 "ebb: no state of generation 2 is kept; `ebb list` shows those that are, and "
                 "`ebb rollback --with-state=NAME` brings one back\n"
                 "generation 1 is booted from the next boot on\n"
                 "the next boot brings the state 1-X back, which is old; what was changed since is "
                 "put aside as 2-X, and `ebb rollback --with-state=2-X` brings that back\nnew");
    scene_power_off(scene);

    scene_boot_generation(scene, 1);
    assert_non_null(strstr(scene_screen(scene), "ebb: the state on the volume \"state\" is 1-"));
    scene_expect(scene, "cat /srv/file; " STATES "cat 2-*/%kept/srv/file; echo newer > /srv/file",
                 "old\nnew");
    scene_expect(scene,
                 "ebb list | grep -A2 ^states | sed 's/[0-9]*T[0-9]*/X/'; ebb status > /dev/null; "
                 "ebb rollback --with-state=$(cd /persist/.ebb/states && echo 2-*) | head -n 1",
                 "states, which `ebb rollback --with-state=NAME` brings back:\n"
                 "2-X  state:/kept  (what was there before that)\n"
                 "1-X  state:/kept  (was brought back last)\n"
                 "generation 2 is booted from the next boot on");
    scene_power_off(scene);

    scene_boot_generation(scene, 2);
    scene_expect(scene,
                 "cat /srv/file; echo last > /srv/file; " STATES "cat 2-*/%kept/srv/file; "
                 "cat $(ls -d 1-* | tail -n 1)/%kept/srv/file; ls /persist/.ebb/rest*",
                 "new\nnew\nnewer\n/persist/.ebb/restored");
    scene_power_off(scene);
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_state_goes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
