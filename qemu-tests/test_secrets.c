/* Secrets on a volume in LUKS2, with the keys beside them: there before anything else runs, in
 * memory that is never swapped out, and nowhere else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

#define CONFIG(class)                                                                              \
    "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n"                                   \
    "    luks\n    fs ext4\n    mount /persist\n}\n"                                               \
    "root tmpfs\n"                                                                                 \
    "secrets state:/secrets/machine.yaml {\n"                                                      \
    "    key    state:/keys/age\n"                                                                 \
    "    secret nested/deep/er mode=0440 group=7\n"                                                \
    "    secret word name=users/root early=yes class=" class "\n"                                  \
                                                             "}\n"                                 \
                                                             "secrets state:/secrets/token.age "   \
                                                             "{\n"                                 \
                                                             "    key    state:/keys/other\n"      \
                                                             "    whole  token "                   \
                                                             "path=/etc/app/token\n"               \
                                                             "}\n" SCENE_REST

/* What was decrypted is on no disk and in no log; the memory that it is in is never swapped out. */
static void check_secrecy(struct scene *scene)
{
    scene_run(scene, "grep '/run/secrets.d .*nosuid,nodev,noexec' /proc/self/mountinfo |"
                     "grep -qE -e '- ramfs |- tmpfs .*noswap'");
    scene_run(scene, "! dmesg | grep -q 'a secret'");
    scene_run(scene, "! grep -rq 'a secret' /persist /var /run/ebb");
}

static void there_from_the_beginning(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("secrets", CONFIG("normal"));
    scene_make(scene);
    scene->request.passphrase = SCRATCH_PASSPHRASE;
    /* The first boot has nothing to decrypt, and says so. */
    scene_boot(scene);
    assert_non_null(strstr(scene_run(scene, "cat /run/ebb/status.json"),
                           "cannot open the key \\\"state:/keys/age\\\""));
    assert_string_equal(scene_run(scene, "ls /run/secrets 2>/dev/null; grep -c '\"fault\"' "
                                         "/run/secrets.d/.status.json"),
                        "3");
    scene_put(scene, "secrets/testdata/sops/types.yaml", "/persist/secrets/machine.yaml");
    scene_put(scene, "secrets/testdata/sops/key.txt", "/persist/keys/age");
    scene_put(scene, "secrets/testdata/ours.key", "/persist/keys/other");
    scene_put(scene, "secrets/testdata/armored.age", "/persist/secrets/token.age");
    scene_reboot(scene);
    assert_string_equal(
        scene_run(scene, "cd /run/secrets && cat nested/deep/er token && stat -c '%a %u:%g %n' "
                         "nested/deep/er token /run/secrets.d/1 /run/secrets-for-users/users/root "
                         "&& readlink /etc/app/token && cat /run/secrets-for-users/users/root"),
        "valuea secret\n440 0:7 nested/deep/er\n400 0:0 token\n751 0:0 /run/secrets.d/1\n"
        "400 0:0 /run/secrets-for-users/users/root\n/run/secrets/token\nyes");
    check_secrecy(scene);
    /* A secret that is required ends the boot, and only that. */
    scene_run(scene, "sed -i 's/^word: .*/word: yes/' /persist/secrets/machine.yaml");
    scene_power_off(scene);
    scene_configure(scene, CONFIG("required"));
    scene_expect_rescue(scene,
                        "there is no secret \"users/root\": \"state:/secrets/machine.yaml\", "
                        "line 12: the value of \"word\" should be encrypted and is not; "
                        "encrypt the file with `sops -e`");
    scene_end(scene);
}

/* Of the file that the first boot does not find, and of the one that takes its place. */
static void applied_while_it_runs(void **state)
{
    (void)state; /* as above */
    static const char config[] = SCENE_STATE "root tmpfs size=50%\n"
                                             "secrets state:/secrets/shared.yaml {\n"
                                             "    key    state:/keys/age\n"
                                             "    secret a name=app/token path=/etc/token\n"
                                             "}\n" SCENE_REST;
    scene_need_debian();
    struct scene *scene = scene_new("secrets-apply", config);
    scene_install_debian(scene);
    scene_install_config(scene, config);
    scene_make(scene);
    scene_boot(scene);
    scene_put(scene, "secrets/testdata/sops/second_of_two.yaml", "/persist/secrets/shared.yaml");
    scene_put(scene, "secrets/testdata/sops/key.txt", "/persist/keys/age");
    assert_string_equal(
        scene_run(scene, "ebb secrets check && ebb secrets apply && cat /etc/token"),
        "1 secret in 1 file: 0 errors, 0 warnings\n"
        "added      /run/secrets/app/token\nshared");
    scene_put(scene, "secrets/testdata/sops/documents.yaml", "/persist/secrets/shared.yaml");
    assert_string_equal(scene_run(scene, "ebb secrets apply && cat /etc/token && echo &&"
                                         "cat /run/secrets.d/1/app/token && echo &&"
                                         "readlink /run/secrets && ebb secrets list | tail -1"),
                        "changed    /run/secrets/app/token\none\nshared\n/run/secrets.d/2\n"
                        "/run/secrets/app/token, /etc/token  0:0    0400  normal  "
                        "state:/secrets/shared.yaml a  there");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_from_the_beginning),
        cmocka_unit_test(applied_while_it_runs),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
