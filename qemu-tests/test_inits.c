/* Inits other than systemd: each boots, has what persists, and hands over to Ebb at its end,
 * which is a reboot, then a power-off, and for some then a halt. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/testdata/shell.h"
#include "qemu-tests/scene.h"
#include "vm/tree.h"

#define REST                                                                                       \
    "root tmpfs size=50%\n"                                                                        \
    "persist state:/persist {\n"                                                                   \
    "    dir  /var/log\n"                                                                          \
    "    dir  /home/alice owner=alice group=alice mode=0700\n"                                     \
    "}\n" SCENE_REST
#define CONFIGURATION SCENE_STATE REST

struct init {
    const char *name, *hook, *configuration;
    const char *packages; /* NULL: it is in the scratch system */
    const char *install;  /* of the hook $hook, done in the tree */
    const char *is_up;
    const char *reboot, *power_off;
    const char *halt;       /* NULL: it has none, or is as another one */
    const char *last_words; /* and which end it is */
    bool encrypted;         /* the state volume, in what ends as "closed" */
};

static const char *make_tree(struct scene *scene, const struct init *init)
{
    struct error error;
    const char *tree = arena_printf(scene->arena, "%s/with-hook", scene->folder);
    if (init->packages)
        must_run("examples/debian-tree build/demo/%s '' %s && cp -al build/demo/%s %s", init->name,
                 init->packages, init->name, tree);
    else if (tree_make(tree, scene->config, &error) < 0)
        fail_msg("%s", error.text);
    must_run("hook=$PWD/hooks/inits/%s; cd %s && %s", init->hook, tree, init->install);
    return tree;
}

static void assert_said(const struct scene *scene, const struct init *init, const char *end)
{
    assert_contains(vm_serial_of_boot(scene->vm),
                    arena_printf(scene->arena, "%s; %s", init->last_words, end));
    if (init->encrypted)
        assert_contains(vm_serial_of_boot(scene->vm), "ebb: closed the device \"state\"");
}

static void expect_unmounted(const struct scene *scene, const struct init *init)
{
    if (!init->encrypted) /* then it is closed, which was said */
        scene_expect_unmounted(scene);
}

/* By the init's own command, which may end the agent before it can answer. */
static void finish(struct scene *scene, const struct init *init, const char *command,
                   const char *end)
{
    struct error error;
    int status;
    (void)vm_exec(scene->vm, command, NULL, NULL, &status, &error); /* see above */
    if (vm_wait_end(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
    assert_said(scene, init, end);
    expect_unmounted(scene, init);
}

/* Nothing tells that the agent is gone, so that it should have answered before. */
static void halt(struct scene *scene, const struct init *init)
{
    int status;
    struct error error;
    const char *command = arena_printf(scene->arena, "(sleep 1; %s) &", init->halt);
    scene_boot(scene);
    scene_run(scene, init->is_up);
    (void)vm_exec(scene->vm, command, NULL, NULL, &status, &error); /* the console tells */
    scene_wait(scene, "reboot: System halted");
    assert_said(scene, init, "halting");
    vm_power_cut(scene->vm);
    expect_unmounted(scene, init);
}

static void boot_and_end(const struct init *init)
{
    if (init->packages)
        scene_need_debian();
    struct scene *scene = scene_new(init->name, init->configuration);
    scene->setup.tree = make_tree(scene, init);
    scene_make(scene);
    scene->request.passphrase = init->encrypted ? SCRATCH_PASSPHRASE : NULL;
    scene_boot(scene);
    scene_run(scene, init->is_up);
    scene_run(scene, "echo kept > /home/alice/notes; echo kept > /var/log/notes;"
                     "echo lost > /etc/lost; echo lost > /home/lost");
    finish(scene, init, init->reboot, "rebooting");
    scene_boot(scene);
    scene_run(scene, init->is_up);
    scene_expect(scene,
                 "dmesg | grep 'EXT4-fs .*: recovery complete'; cat /home/alice/notes "
                 "/var/log/notes; stat -c %U:%G:%a /home/alice;"
                 "ls -d /etc/lost /home/lost 2>/dev/null | wc -l;"
                 "grep -o '\"last_end\": *\"[a-z]*\"' /run/ebb/status.json | cut -d '\"' -f 4",
                 "kept\nkept\nalice:alice:700\n0\nclean");
    finish(scene, init, init->power_off, "powering off");
    if (init->halt)
        halt(scene, init);
    scene_end(scene);
}

static void busybox(void **state)
{
    (void)state; /* nothing is shared */
    boot_and_end(&(struct init){
        .name = "busybox",
        .hook = "busybox",
        .configuration = CONFIGURATION,
        .install = "for word in reboot poweroff halt; do "
                   "cp --remove-destination $hook sbin/$word || exit 1; done;"
                   "sed -n 's/^# *::restart/::restart/p' $hook >> etc/inittab",
        .is_up = "until test $(hostname) = ebb; do sleep 0.1; done",
        .reboot = "/sbin/reboot",
        .power_off = "/sbin/poweroff",
        .halt = "/sbin/halt",
        .last_words = "\nebb: everything is unmounted",
    });
}

#define INSTALL_INITSCRIPTS "cp ${hook%/*}/initscripts lib/lsb/init-functions.d/ebb &&"

/* What insserv writes anew is a link to the file of the tree that others use. */
#define INSTALL_SYSVINIT                                                                           \
    INSTALL_INITSCRIPTS                                                                            \
    "rm -f etc/init.d/.depend.* && cp $hook etc/init.d/ebb-shutdown &&"                            \
    "chroot . update-rc.d ebb-shutdown defaults"

#define READ_ONLY_WORDS "\nebb: everything is unmounted or read-only"

#define GETTY_IS_UP "until grep -Eqx a?getty /proc/[0-9]*/comm; do sleep 0.1; done"

static void sysvinit(void **state)
{
    (void)state; /* nothing is shared */
    need_tool("cryptsetup");
    boot_and_end(&(struct init){
        .name = "sysvinit",
        .hook = "sysvinit",
        .configuration = "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n"
                         "    luks\n    fs ext4\n    mount /persist\n}\n" REST,
        .packages = "sysvinit-core",
        .install = INSTALL_SYSVINIT,
        .is_up = GETTY_IS_UP,
        .reboot = "reboot",
        .power_off = "poweroff",
        .halt = "shutdown -h -H now",
        .last_words = "\nebb: everything is unmounted",
        .encrypted = true,
    });
}

static void openrc(void **state)
{
    (void)state; /* nothing is shared */
    boot_and_end(&(struct init){
        .name = "openrc",
        .hook = "openrc",
        .configuration = CONFIGURATION,
        .packages = "openrc,sysvinit-core",
        .install = INSTALL_INITSCRIPTS
        "cp $hook etc/init.d/ebb-shutdown && ln -sf openrc-init sbin/init &&"
        "chroot . rc-update add ebb-shutdown shutdown",
        .is_up = "until grep -qx default /run/openrc/softlevel &&"
                 "      ! test -e /run/openrc/rc.starting; do sleep 0.1; done",
        .reboot = "openrc-shutdown -r now",
        .power_off = "openrc-shutdown -p now",
        .last_words = READ_ONLY_WORDS,
    });
}

static void runit(void **state)
{
    (void)state; /* nothing is shared */
    boot_and_end(&(struct init){
        .name = "runit",
        .hook = "sysvinit",
        .configuration = CONFIGURATION,
        .packages = "runit-init",
        .install = INSTALL_SYSVINIT,
        .is_up = GETTY_IS_UP,
        .reboot = "reboot",
        .power_off = "poweroff",
        .last_words = READ_ONLY_WORDS,
    });
}

/* As its documentation has it: a script that makes its folder and becomes s6-svscan. */
static void s6(void **state)
{
    (void)state; /* nothing is shared */
    boot_and_end(&(struct init){
        .name = "s6",
        .hook = "s6",
        .configuration = CONFIGURATION,
        .packages = "s6",
        .install =
            "mkdir -p etc/s6/.s6-svscan etc/s6/alive && cp $hook etc/s6/.s6-svscan/finish &&"
            "for i in USR1 USR2 INT TERM; do ln -s finish etc/s6/.s6-svscan/SIG$i; done;"
            "printf '#!/bin/sh\\nexec sleep infinity\\n' > etc/s6/alive/run;"
            "printf '#!/bin/sh\\ncp -r /etc/s6 /run/service\\nexec s6-svscan /run/service\\n'"
            "> sbin/init; chmod 755 sbin/init etc/s6/alive/run",
        .is_up = "until grep -qx sleep /proc/[0-9]*/comm; do sleep 0.1; done",
        .reboot = "kill -INT 1",
        .power_off = "kill -USR1 1",
        .last_words = "\nebb: everything is unmounted",
    });
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busybox), cmocka_unit_test(sysvinit), cmocka_unit_test(openrc),
        cmocka_unit_test(runit),   cmocka_unit_test(s6),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
