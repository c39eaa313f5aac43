/* What the real init finds, looked at from inside: an init that writes down what it was given. The
 * points are those of the contract that systemd and the others expect of an initramfs. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "qemu-tests/scene.h"
#include "vm/tree.h"

static const char configuration[] = SCENE_STATE "root tmpfs size=50% mode=0755\n" SCENE_REST;

/* Writes everything down before it changes anything, and then becomes busybox's init. */
static const char probe[] =
    "#!/bin/sh\n"
    "{ echo \"arguments: $*\"; echo \"folder: $(pwd)\"; echo \"umask: $(umask)\"\n"
    "  for fd in /proc/$$/fd/*; do echo \"fd: ${fd##*/} $(readlink $fd)\"; done\n"
    "  grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; cat /proc/$$/limits\n"
    "  tr '\\0' '\\n' < /proc/$$/environ | sed 's/^/environment: /'\n"
    "  stty -a < /dev/console; ps -o pid,args; } > /run/probe.new 2>&1\n"
    "mv /run/probe.new /run/probe\n"
    "exec /sbin/init\n";

static const char *probe_tree(struct scene *scene)
{
    struct error error;
    const char *tree = arena_printf(scene->arena, "%s/probe-tree", scene->folder);
    if (tree_make(tree, scene->config, &error) < 0)
        fail_msg("%s", error.text);
    const char *file = arena_printf(scene->arena, "%s/probe", tree);
    if (path_write(AT_FDCWD, file, probe, strlen(probe), 0755, &error) < 0)
        fail_msg("%s", error.text);
    return tree;
}

static void assert_has(const char *text, const char *wanted)
{
    if (!strstr(text, wanted))
        fail_msg("\"%s\" is not in:\n%s", wanted, text);
}

static void check_process(struct scene *scene)
{
    const char *said = scene_run(scene, "until cat /run/probe 2>/dev/null; do sleep 0.1; done");
    assert_has(said, "arguments: one two");
    assert_has(said, "folder: /\n");
    assert_has(said, "umask: 0022");
    assert_has(said, "fd: 0 /dev/console");
    assert_has(said, "fd: 12 /dev/console"); /* where the shell keeps its standard error */
    assert_has(said, "SigBlk:\t0000000000000000");
    assert_has(said, "SigIgn:\t0000000000000000");
    assert_has(said, " icanon");
    assert_has(said, "environment: HOME=/");
    assert_has(said, "environment: colour=blue"); /* unknown words of the command line go on */
    /* 0 to 2, the script itself, and the shell's own for its redirections; none of ours */
    assert_null(strstr(said, "/dev/kmsg"));
    assert_null(strstr(said, "socket:"));
    assert_null(strstr(said, "fd: 3 /\n"));
    assert_null(strstr(said, "ebb-drivers"));
    assert_null(strstr(said, "environment: EBB_"));
}

static void check_mounts(struct scene *scene)
{
    const char *mounts = scene_run(scene, "cat /proc/mounts");
    assert_has(mounts, "root / tmpfs rw,");
    assert_has(mounts, "proc /proc proc rw,nosuid,nodev,noexec,relatime");
    assert_has(mounts, "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime");
    assert_has(mounts, "devtmpfs /dev devtmpfs rw,nosuid,");
    assert_has(mounts, "devpts /dev/pts devpts rw,nosuid,noexec,");
    assert_has(mounts, "tmpfs /run tmpfs rw,nosuid,nodev,");
    assert_has(mounts, "/dev/vda /persist ext4 rw");
    assert_has(mounts, "/dev/vda /usr ext4 ro");
    assert_null(strstr(mounts, "/run/ebb/volumes")); /* the volume is seen once, in its place */
    assert_null(strstr(mounts, "/sysroot"));
    assert_string_equal(scene_run(scene, "stat -c %a / /tmp /proc /sys /run"),
                        "755\n1777\n555\n555\n755");
}

static void check_memory(struct scene *scene)
{
    /* Debian's rootfs is a tmpfs, so what the initramfs keeps counts as shared memory: 11 MiB if
     * nothing were freed. What is left is the root itself, the agent, which runs on, and the
     * program for the shutdown. */
    long shared = strtol(scene_run(scene, "sed -n 's/^Shmem: *//p' /proc/meminfo"), NULL, 10);
    assert_in_range(shared, 1, 6 * 1024);
    assert_string_equal(
        scene_run(scene, "ls -d /init /sysroot /etc/initrd-release 2>/dev/null | wc -l"), "0");
}

static void check_record(struct scene *scene)
{
    const char *status = scene_run(scene, "cat /run/ebb/status.json");
    assert_has(status, "\"result\":\"done\"");
    assert_has(status, "\"generation\":1");
    assert_has(status, "\"step\":\"mount the volume \\\"state\\\": ext4\"");
    assert_has(status, "\"origin\":\"/etc/ebb/ebb.conf:3\"");
    const char *log = scene_run(scene, "dmesg | sed -n 's/.*ebb: //p'");
    assert_has(log, "show the volume \"state\" on /persist (/etc/ebb/ebb.conf:3)");
    assert_has(log, "execute /probe");
    assert_has(log, "ignoring the kernel parameter \"ebb.genration=2\": did you mean "
                    "\"ebb.generation\"?");
}

static void the_real_init_finds_what_it_expects(void **state)
{
    (void)state; /* one boot, looked at from many sides */
    struct scene *scene = scene_new("handoff", configuration);
    scene->setup.tree = probe_tree(scene);
    scene->setup.append = "init=/probe ebb.genration=2 colour=blue -- one two";
    scene_make(scene);
    scene_boot(scene);
    check_process(scene);
    check_mounts(scene);
    check_memory(scene);
    check_record(scene);
    scene_end(scene);
}

static void the_root_can_be_read_only(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene =
        scene_new("read-only", SCENE_STATE "root tmpfs size=50%\n"
                                           "persist state:/persist { dir /var/log }\n" SCENE_REST);
    scene->setup.append = "rw ro";
    scene_make(scene);
    scene_boot(scene);
    scene_run(scene, "! touch /lost; ! touch /etc/lost; touch /var/log/kept /run/x");
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_init_finds_what_it_expects),
        cmocka_unit_test(the_root_can_be_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
