/* `ebb new` in Debian under systemd: a power cut while the command runs leaves nothing that boots,
 * one right behind its end leaves all of it, and the old generation is there to go back to, as it
 * was. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/path.h"
#include "qemu-tests/scene.h"

static const char configuration[] = SCENE_STATE "root overlay size=50%\n"
                                                "persist state:/persist {\n"
                                                "    file /etc/machine-id\n"
                                                "    dir  /var/log\n"
                                                "}\n" SCENE_REST;

static struct scene *make(void)
{
    struct error error;
    scene_need_debian();
    struct scene *scene = scene_new("new", configuration);
    scene_install_debian(scene);
    const char *folder = arena_printf(scene->arena, "%s/etc/ebb", scene->setup.tree);
    if (mkdir(folder, 0755) < 0 ||
        path_write(AT_FDCWD, arena_printf(scene->arena, "%s/ebb.conf", folder), configuration,
                   strlen(configuration), 0644, &error) < 0)
        fail_msg("cannot write into %s", folder);
    scene_make(scene);
    return scene;
}

static void boot(struct scene *scene, const char *generation)
{
    scene_boot(scene);
    assert_string_equal(vm_readiness(scene->vm), "running");
    assert_string_equal(
        scene_run(scene,
                  "ebb status | sed -n 's/^\\(generation [0-9]*\\),.*: \\(.*\\)/\\1: \\2/p'"),
        generation);
}

/* All that can be told of the first one but the numbers of links. */
#define FIRST                                                                                      \
    "cd /persist/generations/1 && { find . -printf '%p %y %m %U:%G %T@ %s %i %l\\n';"              \
    "cksum generation.json; find tree/etc -type f -exec cksum {} +; } | LC_ALL=C sort | cksum"

/* The unit asks the health checks, and can be started again once they pass. */
static void confirmed_by_the_unit(struct scene *scene)
{
    scene_run(scene, "cd /etc/ebb && mkdir -p health.d/required && cd health.d/required &&"
                     "printf '#!/bin/sh\necho no good; test -e /run/good\n' > 10-good &&"
                     "chmod 755 10-good");
    assert_string_equal(
        scene_run(scene, "systemctl start ebb-confirm; systemctl is-failed ebb-confirm;"
                         "journalctl -b -u ebb-confirm -o cat --no-pager | grep ^ebb:"),
        "Job for ebb-confirm.service failed because the control process exited with error code.\n"
        "See \"systemctl status ebb-confirm.service\" and \"journalctl -xeu ebb-confirm.service\" "
        "for details.\n"
        "failed\n"
        "ebb: 10-good: no good\n"
        "ebb: the required check \"10-good\" failed with status 1: no good\n"
        "ebb: this boot of generation 1 is not confirmed; mend what a check found, or confirm it "
        "with --no-checks");
    assert_string_equal(scene_run(scene, "touch /run/good && systemctl start ebb-confirm &&"
                                         "ebb list | grep -c good"),
                        "1");
}

static void made_and_gone_back_from(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene = make();
    boot(scene, "generation 1: whole");
    const char *first = scene_run(scene, FIRST);
    scene_run(scene, "systemd-run -q ebb new -- sh -c 'echo half > /etc/marker; sync; sleep inf';"
                     "until test -s /persist/generations/.new/tree/etc/marker; do sleep 0.1; done;"
                     "sync");
    vm_power_cut(scene->vm);
    boot(scene, "generation 1: whole");
    assert_string_equal(scene_run(scene, "ls -A /persist/generations; ls -d /etc/marker 2>/dev/null"
                                         " | wc -l"),
                        ".new\n1\n0");
    assert_string_equal(
        scene_run(scene, "ebb new --label next -- sh -c 'echo new > /etc/marker; rm /etc/issue;"
                         "test ! -e /persist && ps -A | wc -l | grep -qx [3-9]'"),
        "generation 2 is made from 1");
    vm_power_cut(scene->vm);
    boot(scene, "generation 2: whole");
    assert_string_equal(scene_run(scene, "cat /etc/marker; ls -A /persist/generations; "
                                         "ls -A /persist/generations/2; ls -d /etc/issue "
                                         "2>/dev/null | wc -l; ebb list | grep -c '\"next\"  "
                                         "(booted, latest, default)$'"),
                        "new\n1\n2\nebb.conf\ngeneration.json\ntree\n0\n1");
    assert_string_equal(scene_run(scene, FIRST), first);
    assert_string_equal(scene_run(scene, "ebb diff previous booted | tail -n 1;"
                                         "ebb diff --files 1 next | sed '1,/^files:/d'"),
                        "no difference in declarations, packages\n- /etc/issue\n+ /etc/marker\n"
                        "1 added, 1 removed, 0 changed");
    scene_power_off(scene);
    vm_stop(scene->vm);
    scene->vm = NULL;
    scene->request.append =
        arena_printf(scene->arena, "%s ebb.generation=previous", scene->request.append);
    boot(scene, "generation 1: whole");
    assert_string_equal(scene_run(scene, "ls -d /etc/marker /etc/issue 2>/dev/null; true"),
                        "/etc/issue");
    assert_string_equal(scene_run(scene, FIRST), first);
    assert_string_equal(scene_run(scene, "ebb gc --keep 1"),
                        "generation 1 stays: it is booted\n0 generations, 0 B free again");
    confirmed_by_the_unit(scene);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_and_gone_back_from)};
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
