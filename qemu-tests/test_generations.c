/* Generations that carry a configuration of their own: a rollback rolls what persists back, too,
 * and one that cannot be read, or lacks what it needs, costs a generation and not the machine. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"
#include "qemu-tests/scene.h"

#define VOLUME SCENE_STATE "generations state:/generations\n"
#define CONFIG VOLUME "root tmpfs\npersist state:/persist { dir /srv/one; }\n"
/* In a generation: a volume of the same name as the image's is that of the image. */
#define CARRIED                                                                                    \
    "volume state LABEL=elsewhere { fs btrfs; mount /state; }\ngenerations state:/none\n"

/* Another generation, a copy of the first. */
static void add_generation(struct scene *scene, unsigned number, const char *configuration)
{
    scene_run(scene, arena_printf(scene->arena,
                                  "{ cd /persist 2>/dev/null || cd /state; } && cd generations && "
                                  "cp -a 1 %u && cat > %u/ebb.conf <<'EOF'\n%s\nEOF\n",
                                  number, number, configuration));
}

static void expect(struct scene *scene, const char *command, const char *output)
{
    const char *found = scene_run(scene, command);
    if (strcmp(found, output) != 0)
        fail_msg("\"%s\" says:\n%s\nand not:\n%s", command, found, output);
}

static void declarations_travel(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("generations", CONFIG);
    scene_make(scene);
    scene_boot(scene);
    expect(scene, "echo 1 > /srv/one/x; ls /srv", "one");
    add_generation(scene, 2,
                   CARRIED "root tmpfs mode=0700\npersist state:/persist { dir /srv/two; }");
    scene_reboot(scene);
    expect(scene, "ls /srv; stat -c %a /; cat /proc/mounts | grep -c ' /state '", "two\n700\n1");
    expect(scene, "ls /run/ebb; grep -c '/run/ebb/generation-2.conf:' /run/ebb/status.json",
           "generation-2.conf\nstatus.json\nvolumes\n3");
    /* The next one cannot be understood, and declares what the image does not have. */
    add_generation(scene, 3, CARRIED "volume more LABEL=more { fs ext4; mount /srv/more; }");
    scene_power_off(scene);
    scene_start(scene);
    scene_wait(scene, "the configuration of generation 3 has errors, first "
                      "/run/ebb/generation-3.conf:3:1: the image was made without the volume "
                      "\"more\"");
    scene_wait(scene, "\nr retry   p previous generation");
    scene_type(scene, "p");
    scene_boot(scene);
    expect(scene, "ls /srv", "two");
    scene_power_off(scene);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declarations_travel),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
