/* A secret that nobody ever saw before is searched for wherever a boot might have left it. Another
 * text, which is planted in all of these places, proves that the search finds what is there. */

#include "secrets/sops_sealing.h"

#include <fcntl.h>

#include "base/path.h"
#include "image/archive.h"
#include "qemu-tests/scene.h"

enum { CANARY = 32 };

#define SWAP "/dev/disk/by-label/canary"

static const char *make_canary(struct arena *arena)
{
    unsigned char bytes[CANARY / 2];
    char text[CANARY + 1];
    assert_int_equal(RAND_bytes(bytes, sizeof(bytes)), 1);
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return arena_string(arena, text);
}

/* What is planted in the image is a part of the configuration. */
static struct scene *make_scene(const char *planted)
{
    auto_arena arena = arena_new();
    struct scene *scene = scene_new(
        "secrets-canary",
        arena_printf(arena,
                     SCENE_STATE "root tmpfs size=75%%\n"
                                 "persist state:/persist {\n    dir /var/log\n    dir /srv/%s\n}\n"
                                 "secrets state:/secrets/canary.yaml {\n    key state:/keys/age\n"
                                 "    secret canary\n    secret canary name=early early=yes\n"
                                 "}\n" SCENE_REST,
                     planted));
    scene_install_debian(scene);
    scene->request.memory = 640; /* the less, the sooner it is full */
    scene_make(scene);
    return scene;
}

/* A disk to swap to, beside that of the state. */
static void add_swap(struct scene *scene)
{
    struct vm_disk *disks = arena_alloc(scene->arena, 2 * sizeof(*disks));
    disks[0] = scene->disks[0];
    disks[1] = (struct vm_disk){.path = arena_printf(scene->arena, "%s/swap.img", scene->folder)};
    must_run("truncate -s 512M %s && mkswap -q -L canary %s", disks[1].path, disks[1].path);
    scene->request.disks = disks;
    scene->request.disk_count = 2;
}

static void bring_secret(struct scene *scene, const char *canary)
{
    struct error error;
    const char *file = arena_printf(scene->arena, "%s/canary.yaml", scene->folder);
    const struct sealing item = {"canary", canary};
    auto_string text = seal_yaml(&item, 1);
    if (path_write(AT_FDCWD, file, text, strlen(text), 0600, &error) < 0)
        fail_msg("%s", error.text);
    scene_put(scene, file, "/persist/secrets/canary.yaml");
    scene_put(scene, OURS "/key.txt", "/persist/keys/age");
}

/* Takes memory until pages of ours are on the disk: those of the secret had the same time to go.
 * Nothing that the search itself has in memory may go there. */
static void swap_out(struct scene *scene, const char *planted)
{
    scene_run(scene, arena_printf(scene->arena,
                                  "used() { awk 'NR > 1 {print $4}' /proc/swaps; };"
                                  "is_there() { test $(used) -gt 0 && dd if=" SWAP
                                  " iflag=direct bs=1M status=none | grep -qaF %s; };"
                                  "swapon " SWAP " && mount -t tmpfs -o size=3G fill /mnt || exit;"
                                  "until is_there; do"
                                  "  yes %s | head -c 100M >> /mnt/fill || exit; done;"
                                  "umount /mnt && swapoff " SWAP,
                                  planted, planted));
}

static void plant(struct scene *scene, const char *planted)
{
    scene_run(scene, arena_printf(scene->arena,
                                  "p=%s; for file in /persist/planted /persist/secrets/planted "
                                  "/run/planted /root/planted; do"
                                  " printf $p > $file || exit; done; echo $p > /dev/kmsg &&"
                                  "systemd-run -q -E PLANTED=$p sleep infinity &&"
                                  "systemctl set-environment PLANTED=$p && journalctl --sync",
                                  planted));
}

/* The places in the running system that have the text of a file in a folder of its own: find(1)
 * does not look into other file systems than those it is given. */
static const char *hunt(struct scene *scene, const char *file)
{
    return scene_run(
        scene,
        arena_printf(scene->arena,
                     "seen() { ! grep -qaFf %s || echo $1; };"
                     "files() { find $1 -xdev -type f ! -path %s -exec cat {} + 2>/dev/null; };"
                     "dmesg | seen dmesg; journalctl -b --no-pager | seen journal;"
                     "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | seen environment;"
                     "files / | seen root; files /run | seen run; files /persist | seen persist",
                     file, file));
}

/* When PID 1 crashes, a child dumps core for it, and it stands still. */
static const char *hunt_in_core(struct scene *scene)
{
    return scene_run(scene, "echo /persist/core > /proc/sys/kernel/core_pattern;"
                            "echo 0 > /proc/sys/kernel/core_uses_pid; kill -SEGV 1;"
                            "until journalctl -b | grep -q 'dumped core'; do sleep 0.1; done;"
                            "for file in /run/secrets/canary /persist/planted; do"
                            " ! grep -qaFf $file /persist/core || echo $file; done; sync");
}

static bool is_in_image(const struct scene *scene, const char *text)
{
    struct error error;
    auto_string data = NULL;
    auto_archive archive = archive_new();
    size_t length;
    bool found = false;
    if (path_read(AT_FDCWD, scene->request.image, 1 << 30, &data, &length, &error) < 0 ||
        archive_read(archive, "image", data, length, &error) < 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < archive->count; i++)
        found |= archive->entries[i].data &&
                 memmem(archive->entries[i].data, archive->entries[i].size, text, strlen(text));
    return found;
}

static bool is_in_file(const struct scene *scene, const char *name, const char *text)
{
    return succeeds("grep -qaF %s %s/%s", text, scene->folder, name);
}

static void found_nowhere(void **state)
{
    (void)state; /* one scene */
    scene_need_debian();
    auto_arena arena = arena_new();
    const char *canary = make_canary(arena), *planted = make_canary(arena);
    struct scene *scene = make_scene(planted);
    add_swap(scene);
    scene_boot(scene);
    bring_secret(scene, canary);
    scene_reboot(scene);
    scene_expect_all_is_well(scene);
    swap_out(scene, planted);
    plant(scene, planted);
    assert_string_equal(scene_run(scene, "cat /run/secrets/canary"), canary);
    assert_string_equal(hunt(scene, "/persist/planted"),
                        "dmesg\njournal\nenvironment\nroot\nrun\npersist");
    assert_string_equal(hunt(scene, "/run/secrets/canary"), "");
    /* Nobody has one open; but those that ask, the second time. */
    assert_string_equal(scene_run(scene, "for i in 1 2; do readlink /proc/[0-9]*/fd/* 2>/dev/null |"
                                         " grep -q ^/run/secrets && echo $i;"
                                         " exec 3< /run/secrets/canary; done"),
                        "2");
    assert_string_equal(hunt_in_core(scene), "/persist/planted");
    vm_power_cut(scene->vm);
    const char *const files[] = {"state.img", "swap.img", "serial.log"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        assert_true(is_in_file(scene, files[i], planted));
        assert_false(is_in_file(scene, files[i], canary));
    }
    assert_true(is_in_image(scene, planted));
    assert_false(is_in_image(scene, canary));
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found_nowhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
