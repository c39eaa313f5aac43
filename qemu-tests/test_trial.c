/* A generation on trial: confirmed, or the machine is back in the good one, whatever became of it.
 * The changes of a running system likewise. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

/* The watchdog is the kernel's own: it takes care of a guard that was killed, or hangs. */
#define CONFIG                                                                                     \
    SCENE_STATE                                                                                    \
    "module softdog\nroot tmpfs\ngenerations state:/generations\nrescue reboot "                   \
    "after=1s\npersist state:/persist { file /etc/kept method=copy; }\n"

#define NEVER "its init was executed, and the boot was never confirmed: "
#define WHY "ebb why | sed 's/^[-0-9]* [:0-9]*  //'"

/* A copy of the first one is tried at the next boot. */
static void try(struct scene *scene, unsigned number, const char *time)
{
    scene_run(scene, arena_printf(scene->arena,
                                  "cd /persist/generations && cp -a 1 %u &&"
                                  "ebb try %u --for %s --no-reboot",
                                  number, number, time));
    scene_power_off(scene);
}

static void wait_for_the_end(struct scene *scene)
{
    struct error error;
    if (vm_wait_end(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
}

/* As the last script of an init that executes nothing in its own place: that init itself still lies
 * on the volume, which is then only made read-only. Swap and whoever writes would hinder even that.
 */
static void end_by_program(struct scene *scene)
{
    scene_run(scene, "echo changed > /etc/kept; dd if=/dev/zero of=/persist/swap bs=1M count=4 &&"
                     "mkswap /persist/swap && swapon /persist/swap");
    scene_run(scene, "sleep 1000 > /persist/held 2>&1 < /dev/null &");
    scene_run(scene, "/run/initramfs/shutdown poweroff > /dev/null 2>&1 < /dev/null &");
    wait_for_the_end(scene);
    scene_expect_unmounted(scene);
}

/* The machine is in the good one, and says what became of the other. */
static void expect_back(struct scene *scene, const char *why)
{
    scene_boot_generation(scene, 2);
    scene_expect(scene, WHY, why);
    scene_expect(scene, "ebb status | grep -c 'on trial' || true; pidof ebb-guard || true", "0");
    scene_expect(scene, "ebb confirm", "generation 2 is good");
}

static void a_trial_is_confirmed(struct scene *scene)
{
    scene_boot_generation(scene, 1);
    scene_expect(scene, "ebb try 1 2>&1 | tail -n 1",
                 "ebb: there is no generation to go back to: boot another one than 1, and say "
                 "`ebb confirm` there");
    scene_expect(scene, "ebb extend 2>&1 || true", "ebb: nothing is on trial here");
    try(scene, 2, "10min");
    scene_boot_generation(scene, 2);
    assert_non_null(strstr(scene_screen(scene), "ebb: trying generation 2\n"));
    scene_expect(scene, "ebb status | grep -o '^generation 2 is on trial: in'",
                 "generation 2 is on trial: in");
    scene_expect(scene, "ebb extend 2h; ebb status | grep -c 'on trial: in 1[0-9][0-9] min'",
                 "the trial ends in 7200 s, unless `ebb confirm` is run\n1");
    scene_expect(scene, "grep -c 'on trial' /run/motd.d/ebb-trial; cat /proc/sys/kernel/panic",
                 "1\n10");
    scene_expect(scene,
                 "tr '\\0' ' ' < /proc/$(pidof ebb-guard)/cmdline; "
                 "cat /proc/$(pidof ebb-guard)/oom_score_adj; ebb confirm",
                 "@ebb-guard 600 2 90 boot /persist /.ebb/record -1000\ngeneration 2 is good");
    scene_expect(scene, "ebb status | grep -c 'on trial' || true; ls /run/motd.d", "0");
    scene_run(scene, "while pidof ebb-guard; do sleep 0.1; done");
    end_by_program(scene);
    scene_boot_generation(scene, 2); /* from now on */
    scene_expect(scene, "ebb status | grep '^last shutdown'; cat /etc/kept",
                 "last shutdown: clean\nchanged");
    scene_expect(scene, WHY, "nothing went wrong in the last boot");
    scene_expect(scene, "ebb confirm", "generation 2 is good");
}

/* A newer one that nobody has tried is not what the machine goes back to. */
static void the_time_is_over(struct scene *scene)
{
    scene_run(scene, "cp -a /persist/generations/1 /persist/generations/9");
    try(scene, 3, "5s");
    scene_start(scene);
    scene_wait(scene, "ebb: generation 3 was not confirmed: this machine goes back now");
    wait_for_the_end(scene);
    expect_back(scene, "generation 3: " NEVER "the time of its trial was over");
}

static void it_panics(struct scene *scene)
{
    try(scene, 4, "1h");
    scene_boot_generation(scene, 4);
    scene_run(scene, "(sleep 1; echo c > /proc/sysrq-trigger) > /dev/null 2>&1 &");
    scene_wait(scene, "Kernel panic");
    vm_power_cut(scene->vm);
    expect_back(scene, "generation 4: " NEVER "it was on trial, and ended before its deadline");
}

static void its_guard_fails(struct scene *scene, unsigned number, const char *signal)
{
    try(scene, number, "1h");
    scene_boot_generation(scene, number);
    scene_run(scene, arena_printf(scene->arena, "kill -%s $(pidof ebb-guard)", signal));
    wait_for_the_end(scene); /* the watchdog bites */
    expect_back(scene, arena_printf(scene->arena,
                                    "generation %u: " NEVER
                                    "it was on trial, and ended before its deadline",
                                    number));
}

static void it_cannot_be_entered(struct scene *scene)
{
    try(scene, 6, "1h");
    scene_start(scene);
    scene_wait(scene, "ebb: trying generation 6");
    scene_boot_generation(scene, 6);
    scene_run(scene, "rm /persist/generations/6/tree/sbin/init && sync && ebb confirm && "
                     "ebb rollback 2");
    scene_power_off(scene);
    scene_boot_generation(scene, 2);
    scene_expect(scene, "ebb confirm; ebb try 6 2>&1 || true",
                 "generation 2 is good\nebb: generation 6 has no init \"/sbin/init\"");
}

static void a_change_is_not_confirmed(struct scene *scene)
{
    scene_expect(scene, "ebb arm --for 1h 2>/dev/null; ebb arm 2>&1 || true; ebb confirm",
                 "this machine reboots into generation 2 in 3600 s, unless `ebb confirm` is run\n"
                 "ebb: something is on trial here already; `ebb confirm` ends that, and `ebb "
                 "extend` gives it more time\ngeneration 2 is good");
    scene_run(scene, "while pidof ebb-guard; do sleep 0.1; done; ebb arm --for 1s");
    wait_for_the_end(scene);
    expect_back(scene,
                "generation 2: confirmed: a change that `ebb arm` guarded was not confirmed in "
                "time");
}

/* Whatever has torn both halves of it: the boot goes on, and says so. */
static void the_record_is_torn(struct scene *scene)
{
    scene_run(scene,
              "for at in 100 5000; do printf xxxx | dd of=/persist/.ebb/record bs=1 seek=$at "
              "conv=notrunc; done");
    scene_power_off(scene);
    scene_boot_generation(scene, 9); /* the latest, for nothing else is known */
    scene_run(scene, "dmesg | grep 'ebb: the record of boots is damaged, and begins anew'");
    scene_expect(scene, "ebb confirm", "generation 9 is good");
}

static void the_machine_comes_back(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new("trial", CONFIG);
    scene_install_tool(scene);
    scene_make(scene);
    a_trial_is_confirmed(scene);
    the_time_is_over(scene);
    it_panics(scene);
    its_guard_fails(scene, 5, "KILL");
    its_guard_fails(scene, 7, "STOP");
    it_cannot_be_entered(scene);
    a_change_is_not_confirmed(scene);
    the_record_is_torn(scene);
    scene_power_off(scene);
    scene_end(scene);
}

/* Somebody else is at the console from now on, or nobody. */
static void answer_with(struct scene *scene, const char *passphrase)
{
    vm_stop(scene->vm);
    scene->vm = NULL;
    scene->request.passphrase = passphrase;
}

/* The record lies on a vfat, and tells of a boot that ended before the state volume was there. */
static void the_record_is_early(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        scene_new("trial-early", "volume esp LABEL=ESP { fs vfat; mount /boot }\n"
                                 "volume state LABEL=state { luks; fs ext4; mount /persist }\n"
                                 "generations state:/generations record=esp:/ebb/record default=1\n"
                                 "root tmpfs\nrescue reboot after=1s\n");
    scene_install_tool(scene);
    scene_make(scene);
    scene->request.passphrase = SCRATCH_PASSPHRASE;
    scene_boot_generation(scene, 1);
    scene_expect(scene, "stat -c %s /boot/ebb/record; ls -a /persist | grep -c ebb; ebb confirm",
                 "8192\n1\ngeneration 1 is good");
    scene_run(scene, "cd /persist/generations && cp -a 1 2 && ebb try 2 --no-reboot");
    scene_power_off(scene);
    /* Answered wrongly, and switched off at the question: it is not used up. */
    answer_with(scene, NULL);
    scene_start(scene);
    scene_wait(scene, "passphrase for the volume");
    scene_type(scene, "no\n");
    scene_wait(scene, "wrong passphrase for the volume");
    vm_power_cut(scene->vm);
    answer_with(scene, SCRATCH_PASSPHRASE);
    scene_boot_generation(scene, 2);
    scene_expect(scene, "ebb why --all | grep -c 'generation 2: it ended while a person was asked'",
                 "1");
    scene_expect(scene, "ebb confirm", "generation 2 is good");
    scene_power_off(scene);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_machine_comes_back),
                                       cmocka_unit_test(the_record_is_early)};
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
