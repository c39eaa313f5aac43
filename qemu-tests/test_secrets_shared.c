/* One file of secrets for two machines, each with a key of its own, and a machine that is not among
 * its recipients: the disk has the key of one at a time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

#define MACHINE(wanted)                                                                            \
    "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n"                                   \
    "    luks\n    fs ext4\n    mount /persist\n}\n"                                               \
    "root tmpfs\n"                                                                                 \
    "secrets state:/secrets/machines.yaml {\n    key state:/keys/age\n    secret " wanted          \
    "\n}\n" SCENE_REST
#define ITS_OWN "secrets state:/secrets/own.age {\n    key state:/keys/age\n    whole own\n}\n"

/* Gives the machine another key, and what it declares. */
static void become(struct scene *scene, const char *key, const char *configuration)
{
    scene_put(scene, key, "/persist/keys/age");
    scene_power_off(scene);
    scene_configure(scene, configuration);
    scene_boot(scene);
}

/* All secrets that are there, and what they say. */
static const char *secrets_of(struct scene *scene)
{
    return scene_run(scene, "cd /run/secrets.d/1 && find . -type f | sort | while read -r name; do"
                            " echo $name: $(cat $name); done");
}

static void each_has_its_own(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("secrets-shared", MACHINE("one/token"));
    scene_make(scene);
    scene->request.passphrase = SCRATCH_PASSPHRASE;
    scene_boot(scene);
    scene_put(scene, "secrets/testdata/sops/machines.yaml", "/persist/secrets/machines.yaml");
    scene_put(scene, "secrets/testdata/armored.age", "/persist/secrets/own.age");
    become(scene, "secrets/testdata/sops/key.txt", MACHINE("one/token"));
    assert_string_equal(secrets_of(scene), "./one/token: of the first");
    scene_run(scene, "! grep -rq 'of the second' /run /etc");

    become(scene, "secrets/testdata/sops/second.txt", MACHINE("two/token"));
    assert_string_equal(secrets_of(scene), "./two/token: of the second");
    scene_run(scene, "! grep -rq 'of the first' /run /etc");

    become(scene, "secrets/testdata/ours.key", ITS_OWN MACHINE("one/token"));
    assert_string_equal(secrets_of(scene), "./own: a secret");
    assert_string_equal(
        scene_run(scene, "tr -d ' \\n' < /run/secrets.d/.status.json | grep -o '\"fault\":[^}]*' |"
                         "sort"),
        "\"fault\":\"no-match\"\n\"fault\":\"none\"");
    assert_string_equal(scene_run(scene, "dmesg | sed -n 's/.*ebb: there/there/p'"),
                        "there is no secret \"one/token\": \"state:/secrets/machines.yaml\" is "
                        "encrypted to 2 age recipients, none of which is ours; add "
                        "\"age1yhulyqrtt2kuhmpthv2trelrn6av20dpgs8jh0794mpe90fgt3ns9uzn2y\" with "
                        "`sops updatekeys`");
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_has_its_own)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
