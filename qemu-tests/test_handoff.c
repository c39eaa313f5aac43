/* What the real init finds, looked at from inside: an init that writes down what it was given. The
 * points are those of the contract that systemd and the others expect of an initramfs. */

#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>

#include "base/path.h"
#include "qemu-tests/scene.h"
#include "vm/tree.h"

/* KiB of the image, beside which a few of other memory do not matter. */
enum { BALLAST = 32 * 1024 };

/* Leaves everything behind that it can. */
static const char hook[] = "#!/bin/busybox sh\n"
                           "set -e\n"
                           "mkdir /mnt /run/before\n"
                           "mount -o bind $EBB_VOLUMES/state /mnt\n"
                           "setsid sleep 100000 < /dev/null > /dev/null 2>&1 &\n"
                           "cp /etc/initrd-release /proc/meminfo /run/before\n";

/* Writes everything down before it changes anything, and then becomes busybox's init. */
static const char probe[] =
    "#!/bin/sh\n"
    "{ echo \"arguments: $*\"; echo \"folder: $(pwd)\"; echo \"umask: $(umask)\"\n"
    "  ls -l /proc/$$/fd; cat /proc/meminfo\n"
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

/* The hook and the ballast lie in the image where they lie here. */
static const char *configure(struct arena *arena)
{
    struct error error;
    auto_string here = getcwd(NULL, 0);
    const char *folder = arena_printf(arena, "%s/build/qemu/handoff-files", here),
               *file = arena_printf(arena, "%s/hook", folder);
    must_run("rm -rf %s && mkdir -p %s && truncate -s %dK %s/ballast", folder, folder, BALLAST,
             folder);
    if (path_write(AT_FDCWD, file, hook, strlen(hook), 0755, &error) < 0)
        fail_msg("%s", error.text);
    return arena_printf(arena,
                        SCENE_STATE "root tmpfs size=50%% mode=0755\n"
                                    "hook before-switch %s needs=%s/ballast\n" SCENE_REST,
                        file, folder);
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
    assert_has(said, "SigBlk:\t0000000000000000");
    assert_has(said, "SigIgn:\t0000000000000000");
    assert_has(said, " icanon "); /* after somebody was asked */
    assert_has(said, " echo ");
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
    /* 0 to 2, which the shell keeps beyond the script itself while they are redirected; none of
     * ours */
    scene_expect(scene, "sed -n 's/^\\(l[rwx-]*\\) .* \\([0-9]* -> .*\\)/\\1 \\2/p' /run/probe",
                 "lrwx------ 0 -> /dev/console\n"
                 "l-wx------ 1 -> /run/probe.new\n"
                 "lr-x------ 10 -> /probe\n"
                 "lrwx------ 11 -> /dev/console\n"
                 "lrwx------ 12 -> /dev/console\n"
                 "l-wx------ 2 -> /run/probe.new");
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
#define FIND_AGENT "cd /proc; for i in [0-9]*; do case $(cat $i/cmdline) in @*) break;; esac; done;"

/* Of what a hook left. */
static void check_strays(struct scene *scene)
{
    scene_expect(scene, FIND_AGENT "cut -d ' ' -f 5 $i/mountinfo | grep -E '^/(mnt|persist)$'",
                 "/persist");
    const char *log = scene_run(scene, "dmesg | sed -n 's/.*ebb: //p'");
    assert_has(log, "unmounted \"/mnt\", /dev/vda");
    assert_has(log, "ending \"sleep 100000\" (");
}

static void check_memory(struct scene *scene)
{
    const char *left =
        scene_run(scene, FIND_AGENT "ls -A $i/root/ | wc -l;"
                                    "set -- $(stat -f -c '%b %f %S' $i/root/);"
                                    "echo $((($1 - $2) * $3 - $(stat -Lc %s $i/exe)))");
    char *bytes;
    assert_int_equal(strtol(left, &bytes, 10), 0);
    /* What is left beside the agent is the end of its last page. */
    assert_in_range(strtol(bytes, NULL, 10), 0, 64 * 1024);
    /* From the last hook to the first instruction of the init. */
    const char *gained =
        scene_run(scene, "set -- $(sed -n 's/^MemAvailable: *\\([0-9]*\\) .*/\\1/p'"
                         "         /run/before/meminfo /run/probe);"
                         "echo $(($2 - $1))");
    assert_true(strtol(gained, NULL, 10) >= BALLAST);
    scene_run(scene, "grep -qx ID=ebb /run/before/initrd-release");
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
    /* The same lines, for whoever comes when the kernel has forgotten them. */
    scene_run(scene,
              "test \"$(stat -c %a /run/initramfs/ebb.log)\" = 600 &&"
              "grep -q '^\\[ *[0-9]*\\.[0-9]\\{6\\}\\] ebb: begin$' /run/initramfs/ebb.log &&"
              "grep -q ' ebb: execute /probe$' /run/initramfs/ebb.log");
}

static void the_real_init_finds_what_it_expects(void **state)
{
    (void)state; /* one boot, looked at from many sides */
    auto_arena arena = arena_new();
    struct scene *scene = scene_new("handoff", configure(arena));
    scene->setup.tree = probe_tree(scene);
    scene->setup.append = "init=/probe ebb.menu=600 ebb.genration=2 colour=blue -- one two";
    scene_make(scene);
    scene_start(scene);
    scene_wait(scene, "unless a key is pressed");
    scene_type(scene, "\r");
    scene_boot(scene);
    check_process(scene);
    check_mounts(scene);
    check_strays(scene);
    check_memory(scene);
    check_record(scene);
    scene_end(scene);
    must_run("rm -r build/qemu/handoff-files");
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
