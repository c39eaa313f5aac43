/* Boots that fail at first. At the rescue menu a person, or what was missing, makes them go on; or
 * PID 1 itself fails. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/run.h"
#include "qemu-tests/scene.h"

#define ROOT "root tmpfs\npersist state:/persist { dir /srv/data; }\n"
#define NO_INIT                                                                                    \
    "generation 2 has no init \"/sbin/init\"; boot another generation with ebb.generation=, or "   \
    "name another init with init="
/* A terminal's line ends are its own, so that what is waited for lies within a line. */
#define AGAIN "\nebb: rescue: " NO_INIT

enum { PATIENCE = 180000 };

static void wait_end(struct scene *scene)
{
    struct error error;
    if (vm_wait_end(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
}

/* Generation 2 is an empty tree. */
static void add_generation_2(const struct scene *scene)
{
    struct error error;
    const char *facts = arena_printf(scene->arena, "%s/generation.json", scene->folder);
    const char *commands = arena_printf(scene->arena,
                                        "mkdir /generations/2\nmkdir /generations/2/tree\n"
                                        "write %s /generations/2/generation.json\n",
                                        facts);
    const char *const arguments[] = {"debugfs", "-w", "-f", "/dev/stdin", scene->disks[0].path,
                                     NULL};
    const struct run run = {.arguments = arguments, .package = "e2fsprogs", .input = commands};
    if (path_write(AT_FDCWD, facts, "{\"format\": 1}", 13, 0644, &error) < 0 ||
        run_program(&run, NULL, &error) < 0)
        fail_msg("%s", error.text);
}

static void expect_status(struct scene *scene, const char *word, unsigned times)
{
    const char *command =
        arena_printf(scene->arena, "grep -cF '%s' /run/ebb/status.json || true", word);
    const char *found = scene_run(scene, command);
    if ((unsigned)atoi(found) != times)
        fail_msg("%s times \"%s\" in\n%s", found, word,
                 scene_run(scene, "cat /run/ebb/status.json"));
}

/* Nothing is left of the attempt before. */
static void expect_one_root(struct scene *scene)
{
    assert_string_equal(scene_run(scene, "grep -c ' / tmpfs ' /proc/mounts"), "1");
    assert_string_equal(scene_run(scene, "grep -c ' /persist ' /proc/mounts"), "1");
    assert_string_equal(scene_run(scene, "grep -c ' /srv/data ' /proc/mounts"), "1");
    assert_string_equal(scene_run(scene, "grep -c /sysroot /proc/mounts || true"), "0");
}

/* /dev/console is the last console=, and the person sits at the other one. */
static void the_previous_generation_is_chosen(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        scene_new("retry-previous", SCENE_STATE ROOT "generations state:/generations\n");
    scene->setup.append = "console=tty0 ebb.generation=2"; /* or it would give way by itself */
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    add_generation_2(scene);
    scene_start(scene);
    scene_wait(scene, "\n  " NO_INIT);
    scene_wait(scene,
               "\nr retry   p previous generation   g choose a generation   l log   b reboot   "
               "o power off");
    scene_type(scene, "s"); /* means nothing: no shell is declared */
    scene_wait(scene, "\nr retry   p previous");
    scene_type(scene, "l");
    scene_wait(scene, "ebb: begin");
    scene_wait(scene, "-- any key for more, q to end --");
    scene_type(scene, "q");
    scene_wait(scene, AGAIN);
    scene_wait(scene, "o power off");
    scene_type(scene, "l");
    scene_wait(scene, "-- any key for more, q to end --");
    scene_type(scene, "      ");
    scene_wait(scene, "-- end of the log --");
    scene_wait(scene, "o power off");
    scene_type(scene, "r"); /* nothing has changed */
    scene_wait(scene, "ebb: rescue is over: trying again");
    scene_wait(scene, "\n  " NO_INIT);
    scene_wait(scene, "o power off");
    scene_type(scene, "P");
    scene_wait(scene, "ebb: rescue is over: booting the previous generation");
    scene_boot(scene);
    expect_one_root(scene);
    expect_status(scene, "\"generation\":1,", 1);
    expect_status(scene, "\"result\":\"done\",",
                  1 + (unsigned)atoi(scene_run(scene, "grep -c '\"kind\"' /run/ebb/status.json")));
    expect_status(scene, "\"kind\":\"root\",", 1);
    expect_status(scene, "\"kind\":\"mount\",", 1);
    expect_status(scene, "generation 2 has no init", 2); /* the setbacks */
    if (strstr(vm_serial(scene->vm), "a shell is open"))
        fail_msg("there was a shell:\n%s", vm_serial(scene->vm));
    scene_power_off(scene);
    scene_end(scene);
}

/* A shell is used in between, and the disk is plugged in while the menu is shown. */
static void the_disk_comes_late(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        scene_new("retry-late", "volume extra LABEL=extra {\n    fs ext4\n}\n"
                                "volume state UUID=5ce0e000-0000-4000-8000-00000000000a wait=1s {\n"
                                "    fs ext4\n"
                                "    mount /persist\n"
                                "}\n" ROOT "generations state:/generations\n"
                                "rescue wait shell=yes\n");
    scene->setup.bus = BUS_USB;
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    scene->request.disk_count = 1;
    scene_start(scene);
    scene_wait(scene, "\n  UUID=5ce0e000-0000-4000-8000-00000000000a, the volume \"state\", did "
                      "not appear within 1 s; ");
    scene_wait(scene, "\nr retry   l log   s shell   b reboot   o power off");
    scene_type(scene, "s");
    scene_wait(scene, "rescue# ");
    scene_type(
        scene,
        "echo $((6 * 7)) is the answer; ls -d /run/ebb/vol*; cat /proc/sys/kernel/ostype -\n");
    /* What cat itself has shown says that it has the terminal: an earlier Ctrl-C would hit ls. */
    scene_wait(scene, "\n42 is the answer\r\n/run/ebb/volumes\r\nLinux\r\n");
    scene_type(scene, "\003"); /* Ctrl-C */
    scene_wait(scene, "rescue# ");
    scene_type(scene, "exit\n");
    scene_wait(scene, "\nebb: rescue: UUID=5ce0e000-0000-4000-8000-00000000000a, the volume ");
    scene_wait(scene, "o power off");
    scene_type(scene, "r"); /* in vain */
    scene_wait(scene, "ebb: rescue is over: trying again");
    scene_wait(scene, "\nebb: rescue: the boot cannot go on");
    scene_wait(scene, "o power off");
    scene_plug_in(scene, &scene->disks[1]);
    scene_wait(scene, "the volume \"state\" has come");
    scene_boot(scene);
    expect_one_root(scene);
    expect_status(scene, "\"kind\":\"device\",", 2);
    expect_status(scene, "did not appear", 2); /* the setbacks */
    scene_power_off(scene);
    scene_end(scene);
}

/* The password is needed, and mends the generation through the shell. */
static void a_password_opens_the_shell(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = scene_new(
        "retry-password", SCENE_STATE ROOT
        "generations state:/generations\n"
        "rescue wait "
        "shell=\"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$3dN2FZkCqcZoeG8U8icYDgDjlYJCcbY11Gavvk56rD7\"\n");
    scene->setup.append = "ebb.generation=2"; /* as above */
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    add_generation_2(scene);
    scene_start(scene);
    scene_wait(scene,
               "\nr retry   p previous generation   g choose a generation   l log   s shell   "
               "b reboot   o power off");
    scene_type(scene, "s");
    scene_wait(scene, "password for the shell: ");
    scene_type(scene, "Grusse\n");
    scene_wait(scene, "that is not the password");
    scene_wait(scene, AGAIN);
    scene_wait(scene, "o power off");
    if (strstr(vm_serial(scene->vm), "a shell is open"))
        fail_msg("a wrong password has opened the shell:\n%s", vm_serial(scene->vm));
    scene_type(scene, "s");
    scene_wait(scene, "password for the shell: ");
    scene_type(scene, "Grüße\n");
    scene_wait(scene, "rescue# ");
    scene_type(scene, "cd /run/ebb/volumes/state/generations; cp -a 1/tree/. 2/tree; cd /; exit\n");
    scene_wait(scene, AGAIN);
    scene_wait(scene, "o power off");
    scene_type(scene, "r");
    scene_wait(scene, "ebb: rescue is over: trying again");
    scene_boot(scene);
    expect_one_root(scene);
    expect_status(scene, "\"generation\":2,", 1);
    scene_power_off(scene);
    scene_end(scene);
}

#define FAULT                                                                                      \
    "PID 1 was ended by SIGSEGV, which is a fault in Ebb or in the memory of the machine; "        \
    "reboot, "                                                                                     \
    "and report it with the log"

/* The kernel gives PID 1 only the signals that it asked for, as a fault would be given. */
static void pid_1_fails(void **state)
{
    (void)state; /* one scene, booted twice */
    static const char hook[] = "#!/bin/sh\nkill -SEGV 1\nsleep 1000\n";
    struct error error;
    const char *path = "build/qemu/fault";
    (void)mkdir("build/qemu", 0755); /* another test may have made it */
    if (path_write(AT_FDCWD, path, hook, strlen(hook), 0755, &error) < 0)
        fail_msg("%s", error.text);
    auto_string whole = realpath(path, NULL);
    auto_arena arena = arena_new();
    struct scene *scene = scene_new(
        "retry-fault",
        arena_printf(arena, SCENE_STATE ROOT "hook after-volumes %s\n" SCENE_REST, whole));
    scene->setup.append = "quiet";
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    const char *screen = scene_expect_rescue(scene, FAULT);
    assert_non_null(strstr(screen, "\nl log   b reboot   o power off\n"
                                   "rebooting in 1 s unless a key is pressed\n"));
    assert_non_null(strstr(vm_serial(scene->vm), "ebb: rescue: PID 1 was ended by SIGSEGV"));
    assert_non_null(strstr(vm_serial(scene->vm), "reboot: Restarting system"));

    scene->request.append = "ebb.rescue=wait";
    vm_stop(TAKE_PTR(scene->vm));
    scene_start(scene);
    scene_wait(scene, "\n  " FAULT);
    scene_wait(scene, "o power off");
    scene_type(scene, "l");
    scene_wait(scene, "ebb: begin");
    scene_wait(scene, "-- end of the log --");
    scene_wait(scene, "\nebb: rescue: " FAULT);
    scene_wait(scene, "o power off");
    scene_type(scene, "o");
    wait_end(scene);
    assert_non_null(strstr(vm_serial(scene->vm), "reboot: Power down"));
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_previous_generation_is_chosen),
        cmocka_unit_test(the_disk_comes_late),
        cmocka_unit_test(a_password_opens_the_shell),
        cmocka_unit_test(pid_1_fails),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
