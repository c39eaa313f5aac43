/* Keys of secrets that a boot has to come by: one is made where there is none, and one asks for its
 * passphrase. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

#define CONFIG                                                                                     \
    SCENE_STATE SCENE_REST "root tmpfs\n"                                                          \
                           "secrets state:/secrets/types.yaml {\n"                                 \
                           "    key    state:/keys/made generate=yes\n"                            \
                           "    key    state:/keys/locked\n"                                       \
                           "    secret int\n"                                                      \
                           "}\n"

static void made_and_unlocked(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("secret-keys", CONFIG);
    scene_make(scene);
    scene_boot(scene);
    const char *recipient = scene_run(scene, "sed -n 's/^# public key: //p' /persist/keys/made");
    assert_non_null(strstr(scene_screen(scene),
                           arena_printf(scene->arena, "start again:\n    %s\n", recipient)));
    assert_string_equal(scene_run(scene, "stat -c '%a %u' /persist/keys/made"), "600 0");
    scene_put(scene, "secrets/testdata/sops/types.yaml", "/persist/secrets/types.yaml");
    scene_put(scene, "secrets/testdata/sops/passphrase.txt", "/persist/keys/locked");
    scene_power_off(scene);
    scene_start(scene);
    scene_wait(scene, "passphrase for the key \"state:/keys/locked\": ");
    scene_type(scene, "mistaken\r");
    scene_wait(scene, "wrong passphrase");
    scene_type(scene, "passphrase\r");
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "cat /run/secrets/int"), "42");
    assert_string_equal(scene_run(scene, "sed -n 's/^# public key: //p' /persist/keys/made"),
                        recipient);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_and_unlocked),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
