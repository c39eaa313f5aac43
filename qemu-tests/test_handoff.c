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
    "  grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; sed 's/  */ /g' /proc/$$/limits\n"
    "  tr '\\0' '\\n' < /proc/$$/environ | sort | sed 's/^/environment: /'\n"
    "  echo \"terminal: $(cut -d ' ' -f 7 /proc/$$/stat)\"\n"
    "  echo \"oom: $(cat /proc/$$/oom_score_adj)\"\n"
    "  echo \"settings: $(cat /proc/sys/kernel/modprobe /proc/sys/kernel/printk_devkmsg | "
    "xargs)\"\n"
    "  for i in /proc/[0-9]*; do case $(grep PPid: $i/status) in PPid:?[01])\n"
    "    c=$(tr '\\0' ' ' < $i/cmdline); test -z \"$c\" || echo \"process: $c\";; esac; done\n"
    "  sed 's/^/key: /' /proc/keys\n"
    "  stty -a < /dev/console; } > /run/probe.new 2>&1\n"
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
    assert_has(said, "arguments: one two\n");
    assert_has(said, "folder: /\n");
    assert_has(said, "umask: 0022");
    assert_has(said, "fd: 0 /dev/console");
    assert_has(said, "fd: 12 /dev/console"); /* where the shell keeps its standard error */
    assert_has(said, "SigBlk:\t0000000000000000");
    assert_has(said, "SigIgn:\t0000000000000000");
    assert_has(said, " icanon");
    assert_has(said, "terminal: 0\n"); /* no controlling one */
    /* As the kernel gave them to its first process. */
    assert_has(said, "oom: 0\n");
    assert_has(said, "Max open files 1024 4096 files");
    assert_has(said, "Max core file size 0 unlimited bytes");
    assert_has(said, "Max stack size 8388608 unlimited bytes");
    assert_has(said, "settings: /sbin/modprobe ratelimit\n");
    /* Unknown words of the command line go on; there is nothing else. */
    scene_expect(scene, "grep '^environment:' /run/probe",
                 "environment: HOME=/\nenvironment: TERM=linux\nenvironment: colour=blue");
    /* Nobody is left but for the init, and the agent that asked to be. */
    scene_expect(scene, "grep '^process:' /run/probe | grep -v ' @' | sort -u",
                 "process: /bin/sh /probe one two ");
    scene_run(scene, "grep -q '^key: .* keyring ' /run/probe &&"
                     "! grep -E '^key: .* (user|logon|encrypted) ' /run/probe");
    /* 0 to 2, the script itself, and the shell's own for its redirections; none of ours */
    assert_null(strstr(said, "/dev/kmsg"));
    assert_null(strstr(said, "socket:"));
    assert_null(strstr(said, "fd: 3 /\n"));
}

static void check_mounts(struct scene *scene)
{
    const char *mounts = scene_run(scene, "cat /proc/mounts");
    assert_has(mounts, "root / tmpfs rw,nr_inodes=1048576,mode=755");
    assert_has(mounts, "proc /proc proc rw,nosuid,nodev,noexec,relatime");
    assert_has(mounts, "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime");
    assert_has(mounts, "devtmpfs /dev devtmpfs rw,nosuid,");
    assert_has(mounts, "devpts /dev/pts devpts rw,nosuid,noexec,");
    assert_has(mounts, "tmpfs /run tmpfs rw,nosuid,nodev,size=");
    assert_has(mounts, ",nr_inodes=819200,mode=755");
    scene_expect(scene,
                 "size=$(sed -n 's,^tmpfs /run .*size=\\([0-9]*\\)k.*,\\1,p' /proc/mounts);"
                 "all=$(sed -n 's/^MemTotal: *\\([0-9]*\\) .*/\\1/p' /proc/meminfo);"
                 "echo $(((size * 100 + all / 2) / all))",
                 "20");
    assert_has(mounts, "/dev/vda /persist ext4 rw");
    assert_has(mounts, "/dev/vda /usr ext4 ro");
    assert_null(strstr(mounts, "/run/ebb/volumes")); /* the volume is seen once, in its place */
    assert_null(strstr(mounts, "/sysroot"));
    assert_string_equal(scene_run(scene, "stat -c %a / /tmp /proc /sys /run"),
                        "755\n1777\n555\n555\n755");
}

/* The agent has the initramfs as its root still, so that it can be looked at. */
static void check_memory(struct scene *scene)
{
    const char *left = scene_run(scene, "cd /proc; for i in [0-9]*; do"
                                        "    case $(cat $i/cmdline) in @*) break;; esac; done;"
                                        "ls -A $i/root/ | wc -l;"
                                        "set -- $(stat -f -c '%b %f %S' $i/root/);"
                                        "echo $((($1 - $2) * $3 - $(stat -Lc %s $i/exe)))");
    char *bytes;
    assert_int_equal(strtol(left, &bytes, 10), 0);
    /* 11 MiB if nothing were freed; what is left beside the agent is the end of its last page. */
    assert_in_range(strtol(bytes, NULL, 10), 0, 64 * 1024);
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
