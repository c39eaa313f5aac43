/* `ebb new` in Debian under systemd: a power cut while the command runs leaves nothing that boots,
 * one right behind its end leaves all of it, and the old generation is there to go back to, as it
 * was; whether the command is a line of shell, or apt that installs and upgrades. */

#include "base/testdata/shell.h"

#include "qemu-tests/scene.h"

static const char configuration[] = SCENE_STATE "root overlay size=50%\n"
                                                "persist state:/persist {\n"
                                                "    file /etc/machine-id\n"
                                                "    dir  /var/log\n"
                                                "}\n" SCENE_REST;

static struct scene *begin(const char *name)
{
    scene_need_debian();
    struct scene *scene = scene_new(name, configuration);
    scene_install_debian(scene);
    scene_install_config(scene, configuration);
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

/* All that can be told of a generation but the numbers of links, and the content in a folder. */
#define DIGEST(number, folder)                                                                     \
    "cd /persist/generations/" number " && { find . -printf '%p %y %m %U:%G %T@ %s %i %l\\n';"     \
    "find generation.json " folder " -type f -exec cksum {} +; } | LC_ALL=C sort | cksum"
#define FIRST DIGEST("1", "tree/etc")

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
    struct scene *scene = begin("new");
    scene_make(scene);
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

/* A package in the version 1.0 to be installed, and in 1.1 to be upgraded to. */
static struct scene *begin_with_packages(void)
{
    struct scene *scene = begin("new-debian");
    const char *tree = scene->setup.tree;
    must_run("qemu-tests/debian-packages %s/srv/packages && cd %s/etc/apt &&"
             "rm -rf sources.list sources.list.d &&"
             "echo 'deb [trusted=yes] file:/srv/packages/1.0 ./' > sources.list",
             tree, tree);
    scene_make(scene);
    return scene;
}

/* What the service of the package says of itself in this boot, and that no unit failed. */
static void expect_tide(struct scene *scene, const char *says)
{
    scene_expect(scene, "until test -s /run/tide/says; do sleep 0.1; done; cat /run/tide/says",
                 says);
    scene_expect_all_is_well(scene);
}

#define UPGRADE "sed -i s/1[.]0/1.1/ /etc/apt/sources.list && apt-get update && apt-get -y upgrade"

static void upgraded_and_rolled_back(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene = begin_with_packages();
    boot(scene, "generation 1: whole");
    const char *first = scene_run(scene, FIRST);
    scene_run(scene, "ebb new -- sh -c 'apt-get update && apt-get -y install tide && sed -i "
                     "\"s|^persist.*|& file /etc/tide.conf\\n|\" /etc/ebb/ebb.conf'");
    scene_expect(scene, "ls -d /run/tide /etc/tide.conf 2>/dev/null | wc -l", "0");
    scene_power_off(scene);
    boot(scene, "generation 2: whole");
    expect_tide(scene, "1.0 at height of 1.0 as tide");
    scene_run(scene, "echo mine > /etc/tide.conf");
    const char *second = scene_run(scene, DIGEST("2", "tree"));
    scene_run(scene, "systemd-run -q --setenv=TIDE_WAITS=1 ebb new -- sh -c '" UPGRADE "'; until "
                     "test -e /persist/generations/.new/tree/var/lib/tide-waits; do sleep 0.1; "
                     "done; sync");
    vm_power_cut(scene->vm);
    boot(scene, "generation 2: whole");
    expect_tide(scene, "1.0 at mine as tide");
    scene_run(scene, "ebb new -- sh -c '" UPGRADE "'");
    scene_expect(scene, "ebb diff 2 3 | sed '1,/^packages:/d'",
                 "~ tide 1.0 -> 1.1\n0 added, 0 removed, 1 changed");
    scene_power_off(scene);
    boot(scene, "generation 3: whole");
    expect_tide(scene, "1.1 at mine as tide");
    scene_expect(scene,
                 "dpkg --verify tide; dpkg --audit; readlink /usr/share/tide; cat "
                 "/usr/share/tide/*; cat /persist/generations/3/tree/etc/tide.conf",
                 "??5?????? c /etc/tide.conf\ntables\ntable of 1.1\ntable of 1.1\nheight of 1.1");
    scene_expect(scene, "ebb rollback", "generation 2 is booted from the next boot on");
    scene_power_off(scene);
    boot(scene, "generation 2: whole");
    expect_tide(scene, "1.0 at mine as tide");
    scene_expect(scene, "dpkg-query -W tide; test -L /usr/share/tide || cat /usr/share/tide/*",
                 "tide\t1.0\ntable of 1.0\ntable of 1.0");
    scene_expect(scene, FIRST, first);
    scene_expect(scene, DIGEST("2", "tree"), second);
    scene_power_off(scene);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_and_gone_back_from),
                                       cmocka_unit_test(upgraded_and_rolled_back)};
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
