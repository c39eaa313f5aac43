/* `ebb adopt` in a Debian that runs from its own ext4, as an installer leaves it: on the same
 * partition it becomes a generation, which boots and has what the machine had. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "base/path.h"
#include "qemu-tests/scene.h"
#include "vm/disk.h"
#include "vm/tree.h"

#define DEBIAN "5ce0e000-0000-4000-8000-00000000000b"

/* The machine before: a small system hands over to Debian, with the kernel and the drivers that the
 * image has, and goes. */
static const char before[] =
    SCENE_STATE "volume debian UUID=" DEBIAN " { fs ext4; mount /debian }\nroot tmpfs\n" SCENE_REST;
static const char hand_over[] = "#!/bin/sh\n: > /init\nexec switch_root /debian /sbin/init\n";

static const char configuration[] = "volume state UUID=" DEBIAN " { fs ext4; mount /persist }\n"
                                    "root tmpfs size=60%\n"
                                    "persist state:/persist {\n"
                                    "    dir  /home/alice\n"
                                    "    file /etc/machine-id\n"
                                    "    file /etc/ssh/ssh_host_ed25519_key\n"
                                    "}\n" SCENE_REST;

#define MACHINE_ID "0123456789abcdef0123456789abcdef"

/* What an installer and some months leave; ping is a grep that may use raw sockets. */
static void live_in(const struct scene *scene, const char *tree)
{
    static const unsigned char raw[20] = {1, 0, 0, 2, 0, 0x20};
    const char *ping = arena_printf(scene->arena, "%s/usr/bin/ping", tree);
    const char *command = arena_printf(
        scene->arena,
        "cd %s && cp bin/grep usr/bin/ping && mkdir -p etc/ssh && umask 077 &&"
        "echo secret > etc/ssh/ssh_host_ed25519_key && umask 022 && rm -f etc/fstab &&"
        "echo " MACHINE_ID " > etc/machine-id && echo note > home/alice/note &&"
        "chown 1000:1000 home/alice/note && truncate -s 1M swapfile && ln usr/bin/ping usr/bin/p2 "
        "&&"
        "printf 'UUID=" DEBIAN " / ext4 errors=remount-ro 0 1\\n/swapfile none swap sw,noauto\\n' "
        "> etc/fstab",
        tree);
    if (system(command) != 0) /* NOLINT(cert-env33-c): the words are ours */
        fail_msg("cannot make the Debian: %s", command);
    assert_int_equal(setxattr(ping, "security.capability", raw, sizeof(raw), 0), 0);
}

static void make_debian(struct scene *scene)
{
    struct error error;
    scene_install_debian(scene);
    scene_install_config(scene, configuration);
    live_in(scene, scene->setup.tree);
    const char *image = arena_printf(scene->arena, "%s/debian.img", scene->folder);
    const struct disk disk = {.path = image,
                              .fs_type = "ext4",
                              .uuid = DEBIAN,
                              .content = scene->setup.tree,
                              .room = 1 << 30};
    if (disk_make(&disk, &error) < 0)
        fail_msg("%s", error.text);
    struct scratch_given *given = arena_alloc(scene->arena, sizeof(*given));
    *given = (struct scratch_given){"debian", image};
    scene->setup.given = given;
    scene->setup.given_count = 1;
}

static struct scene *make(void)
{
    struct error error;
    scene_need_debian();
    struct scene *scene = scene_new("adopt", before);
    make_debian(scene);
    scene->setup.tree = arena_printf(scene->arena, "%s/tree", scene->folder);
    if (tree_make(scene->setup.tree, scene->config, &error) < 0 ||
        path_write(AT_FDCWD, arena_printf(scene->arena, "%s/usr/bin/init", scene->setup.tree),
                   hand_over, strlen(hand_over), 0755, &error) < 0)
        fail_msg("%s", error.text);
    scene_make(scene);
    return scene;
}

/* What of it must be the same after it was adopted. */
#define TELL                                                                                       \
    "dpkg-query -W | cksum; cat /etc/machine-id /home/alice/note /etc/ssh/ssh_host_ed25519_key;"   \
    "stat -c '%n %a %U:%G' /home/alice /home/alice/note /etc/ssh/ssh_host_ed25519_key "            \
    "/usr/bin/su;"                                                                                 \
    "stat -c %h /usr/bin/ping;"                                                                    \
    "setpriv --reuid=1000 --regid=1000 --clear-groups ping CapEff /proc/self/status"

static void debian_is_adopted(void **state)
{
    (void)state; /* nothing is shared */
    struct scene *scene = make();
    scene_boot(scene);
    scene_wait(scene,
               "ebb login:"); /* the small system is taken for up, and a command ends in it */
    scene_run(scene, "until systemctl is-system-running 2>/dev/null | grep -qxE 'running|degraded';"
                     "do sleep 0.2; done");
    assert_string_equal(scene_run(scene, "systemctl --failed --no-legend --plain"), "");
    assert_string_equal(scene_run(scene, "findmnt -no FSTYPE /; ebb status 2>&1 | wc -l"),
                        "ext4\n1");
    const char *was = scene_run(scene, TELL);
    assert_non_null(strstr(was, MACHINE_ID "\nnote\nsecret\n"));
    assert_non_null(strstr(was, "CapEff:\t0000000000002000"));
    assert_string_equal(scene_run(scene, "ebb adopt < /dev/null 2>&1 | tail -n 1; ls -d "
                                         "/generations /persist /.ebb 2>/dev/null | wc -l"),
                        "ebb: nothing is made, for there is no terminal to ask at; give --yes\n0");
    const char *told = scene_run(scene, "ebb adopt --yes --label Debian");
    vm_power_cut(scene->vm);
    assert_non_null(strstr(told, "\n  /swapfile: swap, 1 file, 1.0 MiB\n"));
    assert_non_null(strstr(told, "\n  /home/alice goes to state:/persist/home/alice: "));
    const char *removal = strstr(told, "cd /persist && rm -r");
    assert_non_null(removal);

    scene_configure(scene, configuration);
    scene_boot(scene);
    scene_expect_all_is_well(scene);
    assert_string_equal(scene_run(scene, TELL), was);
    assert_string_equal(
        scene_run(scene, "ebb status | sed -n '1s/, after .* s/, after/p'; ebb list | "
                         "grep -c '\"Debian\"';"
                         "cd /persist/generations/1/tree && ls -A home/alice etc/ssh;"
                         "ls -d swapfile etc/machine-id 2>/dev/null | wc -l; cat etc/fstab"),
        "generation 1, root tmpfs, after: whole\n1\netc/ssh:\n\nhome/alice:\n0\n"
        "# before ebb adopt: UUID=" DEBIAN " / ext4 errors=remount-ro 0 1\n"
        "# before ebb adopt: /swapfile none swap sw,noauto");
    scene_run(scene, "echo lost > /etc/lost && echo kept > /home/alice/kept");
    scene_run(scene, removal);
    assert_string_equal(scene_run(scene, "ls -A /persist | grep -vx lost+found"),
                        ".ebb\nboot\ngenerations\npersist");
    scene_reboot(scene);
    scene_expect_all_is_well(scene);
    assert_string_equal(scene_run(scene, TELL), was);
    assert_string_equal(scene_run(scene, "cat /home/alice/kept; ls -d /etc/lost 2>/dev/null | "
                                         "wc -l"),
                        "kept\n0");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(debian_is_adopted)};
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
