/* Generations that carry a configuration of their own: a rollback rolls what persists back, too,
 * and one that cannot be read, or lacks what it needs, costs a generation and not the machine. */

#include "base/testdata/shell.h"

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

static void declarations_travel(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("generations", CONFIG);
    scene_make(scene);
    scene_boot(scene);
    scene_expect(scene, "echo 1 > /srv/one/x; ls /srv", "one");
    add_generation(scene, 2,
                   CARRIED "root tmpfs mode=0700\npersist state:/persist { dir /srv/two; }");
    scene_reboot(scene);
    scene_expect(scene, "ls /srv; stat -c %a /; cat /proc/mounts | grep -c ' /state '",
                 "two\n700\n1");
    scene_expect(scene, "ls /run/ebb; grep -c '/run/ebb/generation-2.conf:' /run/ebb/status.json",
                 "generation-2.conf\nstatus.json\nvolumes\n3");
    /* The next one cannot be understood, and declares what the image does not have. */
    add_generation(scene, 3, CARRIED "volume more LABEL=more { fs ext4; mount /srv/more; }");
    scene_power_off(scene);
    scene_boot(scene);
    assert_non_null(strstr(scene_screen(scene),
                           "ebb: the configuration of generation 3 has errors, first "
                           "/run/ebb/generation-3.conf:3:1: the image was made without the volume "
                           "\"more\""));
    assert_non_null(strstr(scene_screen(scene), "booting generation 2 instead"));
    scene_expect(scene, "ls /srv", "two");
    scene_power_off(scene);
    scene_end(scene);
}

static const char *with_failure(struct scene *scene, const char *failure)
{
    return arena_printf(scene->arena,
                        CARRIED "root tmpfs\nsecrets /etc/none.yaml {\n    key state:/k\n"
                                "    secret int class=required failure=%s\n}\n",
                        failure);
}

/* A secret that is required gives another generation the machine, or a person, as it is declared.
 */
static void a_secret_is_required(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("generations-secret", CONFIG);
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "echo x > /persist/k && chmod 600 /persist/k");
    add_generation(scene, 2, CARRIED "root tmpfs");
    add_generation(scene, 3, with_failure(scene, "previous"));
    scene_reboot(scene);
    assert_non_null(
        strstr(scene_screen(scene),
               "ebb: there is no secret \"int\": cannot open \"/etc/none.yaml\": No such "
               "file or directory: booting generation 2 instead"));
    add_generation(scene, 4, with_failure(scene, "rescue"));
    scene_power_off(scene);
    scene_start(scene);
    scene_wait(scene, "\nr retry   p previous generation");
    scene_type(scene, "p"); /* to generation 3, which gives way to the next */
    scene_wait(scene, "booting generation 2 instead");
    scene_boot(scene);
    scene_power_off(scene);
    scene_end(scene);
}

/* Nobody was there after a boot that was not confirmed, and it was booted by itself. */
static void expect_menu_ran_out(const struct scene *scene)
{
    const char *screen = scene_screen(scene);
    if (!strstr(screen, "\nebb: choose a generation\n\na      3") ||
        !strstr(screen, "  (default, failed: 1)\nb      2") ||
        !strstr(screen, "  (bad, failed: 3)\nc      1") ||
        !strstr(screen,
                "  (good, failed: 1)\n\nEnter the default\nbooting generation 3 in 5 s unless "
                "a key is pressed\n"))
        fail_msg("the menu is another one:\n%s", screen);
}

static void start_with(struct scene *scene, const char *parameters)
{
    vm_stop(scene->vm);
    scene->vm = NULL;
    scene->request.append = arena_printf(scene->arena, "%s %s", scene->setup.append, parameters);
    scene_start(scene);
}

/* The third was booted last and is not confirmed, the second has no init, and the first is good. */
static void people_choose(struct scene *scene)
{
    start_with(scene, "ebb.generation=previous");
    scene_boot_generation(scene, 1);
    scene_power_off(scene);
    start_with(scene, "\"ebb.generation=the new one\" ebb.menu=600");
    scene_wait(scene, "booting generation 3 in 600 s unless a key is pressed");
    scene_type(scene, "z"); /* means nothing, but somebody is there */
    scene_wait(scene, "booting generation 3 in 300 s unless a key is pressed");
    scene_type(scene, "b"); /* it has no init, and a person wants it */
    scene_wait(scene, "p previous generation   g choose a generation");
    scene_type(scene, "g");
    scene_wait(scene, "\nEnter back");
    scene_type(scene, "A");
    scene_wait(scene, "ebb: rescue is over: booting another generation");
    scene_boot_generation(scene, 3);
    scene_power_off(scene);
}

/* A generation without an init gives way at once, and is not tried for ever. */
static void failures_count(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("generations-fail", CONFIG);
    scene_install_tool(scene);
    scene_make(scene);
    scene_boot_generation(scene, 1);
    scene_expect(scene, "ebb why; echo $?", "nothing went wrong in the last boot\n0");
    scene_expect(scene, "ebb confirm", "generation 1 is good");
    scene_run(scene, "cd /persist/generations && cp -a 1 2 && rm 2/tree/sbin/init");
    for (unsigned i = 0; i < 3; i++) {
        scene_power_off(scene);
        scene_boot_generation(scene, 1);
        scene_expect(
            scene, "ebb why | sed 's/^[-0-9]* [:0-9]*  //'; ebb confirm",
            "generation 2: generation 2 has no init \"/sbin/init\"; boot another generation with "
            "ebb.generation=, or name another init with init=\ngeneration 1 is good");
    }
    scene_power_off(scene);
    scene_boot_generation(scene, 1);
    assert_non_null(
        strstr(scene_screen(scene), "ebb: generation 2 has failed 3 times: booting generation 1"));
    scene_expect(scene, "ebb why", "nothing went wrong in the last boot");
    scene_expect(scene, "ebb why --all | wc -l", "8");
    /* The power fails in a boot that nobody has confirmed; the next one is mended. */
    scene_run(scene, "cd /persist/generations && cp -a 1 3 && sync");
    scene_power_off(scene);
    scene_boot_generation(scene, 3);
    scene_power_off(scene);
    scene_boot_generation(scene, 3);
    expect_menu_ran_out(scene);
    scene_expect(scene, "ebb why | sed 's/^[-0-9]* [:0-9]*  //'",
                 "generation 3: its init was executed, and the boot was never confirmed");
    scene_expect(scene, "ebb rollback", "generation 1 is booted from the next boot on");
    scene_power_off(scene);
    scene_boot_generation(scene, 1);
    scene_expect(
        scene, "ebb rollback 9 2>&1 || true",
        "ebb: there is no generation \"9\"; write a number from 1 to 3, latest or previous");
    scene_expect(scene, "ebb rollback --clear",
                 "the latest generation is booted from the next boot on, as declared");
    scene_power_off(scene);
    scene_boot_generation(scene, 3);
    scene_run(scene, "ebb label 3 'the new one'");
    scene_power_off(scene);
    people_choose(scene);
    scene_end(scene);
}

/* A health check that says this, in the root of this boot. */
static void put_check(struct scene *scene, const char *script)
{
    scene_run(scene, arena_printf(scene->arena,
                                  "cd /etc/ebb && mkdir -p health.d/required && cd "
                                  "health.d/required && printf '#!/bin/sh\n%s\n' > 10-peer && "
                                  "chmod 755 10-peer",
                                  script));
}

/* The kernel has a piece of memory that nobody else takes, for the log of its panic. What is in it
 * stays when the machine is reset, as long as it is the same QEMU. */
static const char ramoops[] =
    "cgroup.memory=nokmem memmap=1M$0x20000000 ramoops.mem_address=0x20000000 "
    "ramoops.mem_size=0x100000 ramoops.record_size=0x20000";

static void crash(struct scene *scene)
{
    struct error error;
    static const char stay[] =
        "{\"execute\": \"set-action\", \"arguments\": {\"reboot\": \"reset\"}}";
    if (vm_qmp(scene->vm, stay, NULL, &error) < 0)
        fail_msg("%s", error.text);
    scene_type(scene, "\necho c > /proc/sysrq-trigger\n");
    scene_wait(scene, "Kernel panic - not syncing");
    scene_wait(scene, "press Enter"); /* it is up again; the agent does not know us any more */
}

/* A boot is good only if the checks say so; and what kept one from being good, or ended it, is told
 * after the next one. */
static void reasons_are_told(void **state)
{
    (void)state; /* one scene */
#ifndef __x86_64__
    skip_because("only x86 has memmap=");
#endif
    struct scene *scene = scene_new("generations-why", CONFIG "module ramoops\n");
    scene_install_tool(scene);
    scene->setup.append = ramoops;
    scene_make(scene);
    scene_boot_generation(scene, 1);
    put_check(scene, "echo no answer; exit 1");
    scene_expect(
        scene, "ebb confirm 2>&1; echo $?",
        "ebb: 10-peer: no answer\n"
        "ebb: the required check \"10-peer\" failed with status 1: no answer\n"
        "ebb: this boot of generation 1 is not confirmed; mend what a check found, or confirm it "
        "with --no-checks\n1");
    scene_power_off(scene);
    scene_boot_generation(scene, 1);
    scene_expect(
        scene, "ebb why | sed 's/^[-0-9]* [:0-9]*  //'",
        "generation 1: its init was executed, and the boot was never confirmed: the required "
        "check \"10-peer\" failed with status 1: no answer");
    put_check(scene, "test $EBB_GENERATION = 1");
    scene_expect(scene, "ebb confirm", "generation 1 is good");
    crash(scene);
    scene_type(scene, "\nmount -t pstore pstore /sys/fs/pstore; ebb why\n");
    scene_wait(scene, "generation 1: confirmed: Kernel panic - not syncing: sysrq triggered crash");
    scene_type(scene, "ebb why --log | grep Trigger\n");
    scene_wait(scene, "sysrq: Trigger a crash");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declarations_travel),
        cmocka_unit_test(a_secret_is_required),
        cmocka_unit_test(failures_count),
        cmocka_unit_test(reasons_are_told),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
