/* A password out of a secret, at the earliest login that a Debian has: the emergency shell, before
 * any service. Without the secret nobody gets in. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

static const char configuration[] =
    SCENE_STATE "root tmpfs size=50%\n"
                "secrets state:/secrets/machines.yaml {\n    key state:/keys/age\n"
                "    secret users/root early=yes\n}\n" SCENE_REST;

/* A Debian whose root is locked. */
static struct scene *locked_debian(void)
{
    struct scene *scene = scene_new("secrets-login", configuration);
    scene_install_debian(scene);
    const char *tree = scene->setup.tree,
               *command = arena_printf(scene->arena,
                                       "cp examples/root-password.service %s/etc/systemd/system && "
                                       "chroot %s systemctl -q enable root-password.service && "
                                       "sed -i 's/^root:[^:]*:/root:!:/' %s/etc/shadow",
                                       tree, tree, tree);
    if (system(command) != 0) /* NOLINT(cert-env33-c): the words are ours */
        fail_msg("cannot lock root in \"%s\": %s", tree, command);
    scene->setup.append =
        arena_printf(scene->arena, "%s systemd.unit=emergency.target", scene->setup.append);
    scene_make(scene);
    return scene;
}

static const char *hash_of_root(struct scene *scene)
{
    return scene_run(scene, "sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow");
}

/* sulogin(8) throws away what was typed before it hides what is typed. */
static void log_in(struct scene *scene, const char *password)
{
    scene_wait(scene, "Give root password");
    scene_run(scene, "until stty -F /dev/console | grep -q -e '-echo '; do sleep 0.1; done");
    scene_type(scene, password);
    scene_type(scene, "\n");
}

static void before_any_service(void **state)
{
    (void)state; /* one scene */
    scene_need_debian();
    struct scene *scene = locked_debian();
    scene_boot(scene);
    scene_wait(scene, "the root account is locked");
    assert_string_equal(hash_of_root(scene), "!");
    scene_put(scene, "secrets/testdata/sops/machines.yaml", "/persist/secrets/machines.yaml");
    scene_put(scene, "secrets/testdata/sops/key.txt", "/persist/keys/age");

    scene_reboot(scene);
    log_in(scene, "ebb");
    scene_wait(scene, "Login incorrect");
    log_in(scene, "tide");
    scene_wait(scene, "# ");
    scene_type(scene, "echo $(id -un) before $(systemctl is-active sysinit.target)\n");
    scene_wait(scene, "root before inactive");
    assert_string_equal(scene_run(scene, "systemctl list-units --plain --no-legend --type=service "
                                         "--state=running | cut -d' ' -f1"),
                        "emergency.service");
    assert_string_equal(hash_of_root(scene),
                        scene_run(scene, "cat /run/secrets-for-users.d/1/users/root"));
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(before_any_service)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
