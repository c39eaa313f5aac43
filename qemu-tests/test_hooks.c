/* The examples of hooks that people copy, each of which does its work: a passphrase that comes over
 * the network while nobody types, a bell, a snapshot; and a key on a stick, which needs none. */

#include "base/testdata/shell.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/path.h"
#include "qemu-tests/scene.h"

#define STATE "UUID=5ce0e000-0000-4000-8000-00000000000a"
#define QUESTION "passphrase for the volume \"state\" (/dev/"

/* A port that is free now. */
static unsigned find_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

/* The examples with the files they need, which in the image lie where they lie here. */
static const char *prepare(struct arena *arena)
{
    auto_string here = getcwd(NULL, 0);
    const char *folder = arena_printf(arena, "%s/build/qemu/hooks-files", here);
    must_run("rm -rf %s && mkdir -p -m 755 %s/ssh && cd %s && cp %s/examples/hooks/* . && "
             "sed -i 's,/etc/ebb/ssh,%s/ssh,' network-unlock && "
             "dropbearkey -t ed25519 -f ssh/host_key >/dev/null 2>&1 && "
             "ssh-keygen -q -t ed25519 -N '' -f mine && cp mine.pub ssh/authorized_keys && "
             "printf '#!/bin/busybox sh\necho no tide today; exit 3\n' > gauge && chmod +x gauge",
             folder, folder, folder, here, folder);
    return folder;
}

/* Logs in, first as a program that does not know, then as a person who mistypes once. It goes on
 * beside us, who have to listen to the machine, and leaves a file behind when all went well. */
static void begin_to_unlock(const struct scene *scene, const char *folder)
{
    static const char script[] =
        "ssh() { command ssh -F none -i mine -p $port -o StrictHostKeyChecking=no \\\n"
        "    -o UserKnownHostsFile=known -o LogLevel=ERROR \"$@\" root@127.0.0.1; }\n"
        "shown() { until [ \"$(grep -o \"$1\" out | wc -l)\" -ge $2 ]; do sleep 0.1; done; }\n"
        "echo nonsense | ssh > program && exit 1\n"
        "grep -q '^wrong passphrase for the volume \"state\" (/dev/' program || exit 1\n"
        "mkfifo keys; ssh -tt < keys > out & exec 3> keys\n"
        "shown 'passphrase for' 1; printf 'ebbe\\r' >&3\n"
        "shown 'passphrase for' 3; printf 'ebbx\\177\\r' >&3\n"
        "wait $! && grep -q '^opened' out && touch good\n";
    struct error error;
    if (path_write(AT_FDCWD, arena_printf(scene->arena, "%s/unlock", folder), script,
                   sizeof(script) - 1, 0644, &error) < 0)
        fail_msg("%s", error.text);
    must_run("cd %s && { port=%u timeout 300 sh unlock > words 2>&1 & }", folder,
             scene->request.ssh);
}

static void the_examples(void **state)
{
    (void)state; /* one scene */
    need_tool("cryptsetup");
    need_tool("dropbear");
    auto_arena arena = arena_new();
    const char *folder = prepare(arena);
    struct scene *scene = scene_new(
        "hooks",
        arena_printf(
            arena,
            "volume keys LABEL=KEYS { fs vfat; }\nvolume state " STATE
            " {\n    luks keyfile=keys:/keys/state.bin\n    fs btrfs\n    mount /persist\n}\n"
            "root tmpfs\npersist state:/persist { file /etc/note; }\nmodule virtio_net\n"
            "hook on-passphrase %s/network-unlock needs=/usr/sbin/dropbear,%s/ssh\n"
            "hook on-passphrase %s/chime\n"
            "hook after-volumes %s/snapshot needs=/usr/bin/btrfs failure=warn timeout=5min\n"
            "hook after-root %s/gauge failure=degrade\n"
            "hook before-switch %s/network-unlock failure=warn\n"
            "hook before-switch %s/announce\n" SCENE_REST,
            folder, folder, folder, folder, folder, folder, folder));
    scene_make(scene);
    scene->request.ssh = find_port();
    scene->request.disk_count = 1; /* the stick is at home */
    scene_start(scene);
    scene_wait(scene, QUESTION);
    scene_wait(scene, "Not backgrounding"); /* dropbear listens */
    begin_to_unlock(scene, folder);
    scene_boot(scene);
    must_run("test -e %s/good || { cd %s && cat words program out && exit 1; }", folder, folder);
    assert_non_null(strchr(scene_screen(scene), '\a'));
    assert_non_null(strstr(scene_screen(scene), "generation 1 is coming up"));
    assert_non_null(strstr(scene_screen(scene),
                           arena_printf(arena,
                                        "ebb: degraded: the hook \"%s/gauge\" failed with exit "
                                        "status 3",
                                        folder)));
    scene_expect(
        scene,
        "readlink -f $(sed -n 's, /persist .*,,p' /proc/mounts); ls /persist/snapshots | wc -l",
        "/dev/dm-0\n1");
    scene_expect(scene, "pidof dropbear udhcpc; cat /sys/class/net/eth0/flags", "0x1002");
    scene_run(
        scene,
        "echo kept > /etc/note; touch $(echo /persist/snapshots/*)/x 2>&1 | grep -q Read-only");
    scene_power_off(scene);

    /* The stick comes along. */
    vm_stop(TAKE_PTR(scene->vm));
    scene->request.disk_count = 2;
    scene_boot(scene);
    assert_null(strstr(scene_screen(scene), QUESTION));
    scene_expect(scene,
                 "cat /etc/note /persist/snapshots/*/etc/note; ls /persist/snapshots | wc -l",
                 "kept\nkept\n2");
    scene_end(scene);
    must_run("rm -r %s", folder);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
