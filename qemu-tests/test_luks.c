/* Volumes in LUKS containers: opened by a passphrase, by keys, with headers elsewhere. */

#include "base/testdata/shell.h"

#include <fcntl.h>

#include "base/path.h"
#include "qemu-tests/scene.h"
#include "vm/state.h"
#include "vm/tree.h"

#define REST "root tmpfs\npersist state:/persist { file /etc/note; }\n" SCENE_REST
#define STATE(tag, words)                                                                          \
    "volume state " tag " {\n    luks " words "\n    fs ext4\n    mount /persist\n}\n" REST
#define KEYS "volume keys LABEL=KEYS {\n    fs vfat\n}\n"
#define TAG "1ab50000-0000-4000-8000-0000000000a1"
#define QUESTION "passphrase for the volume \"state\" (/dev/"

static struct scene *make(const char *name, const char *configuration)
{
    need_tool("cryptsetup");
    struct scene *scene = scene_new(name, configuration);
    scene_make(scene);
    scene->request.passphrase = SCRATCH_PASSPHRASE;
    return scene;
}

/* The question is drawn again below news, such as which keyboards there are. */
static bool is_wiped(const char *question)
{
    const char *end = strstr(question, "): ");
    return end && strncmp(end + 3, "\033[K", 3) == 0;
}

/* The system is on what was unlocked, after so many questions. */
static void expect_open(struct scene *scene, size_t questions)
{
    const char *screen = scene_screen(scene);
    size_t count = 0;
    for (const char *at = screen; (at = strstr(at, QUESTION)); at++)
        count += !is_wiped(at) && !(at - screen >= 6 && strncmp(at - 6, "wrong ", 6) == 0);
    if (count != questions)
        fail_msg("%zu questions, not %zu:\n%s", count, questions, screen);
    assert_string_equal(scene_run(scene, "sed -n 's, /persist .*,,p' /proc/mounts"),
                        "/dev/mapper/state");
}

/* What libblkid says of the state volume's image. */
static void expect_content(struct scene *scene, const char *words)
{
    must_run("blkid -p -o export %s/state.img | tr '\\n' ' ' | grep -q '%s'", scene->folder, words);
}

static void by_a_passphrase(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = make("luks-passphrase", STATE("UUID=" TAG, ""));
    scene_boot(scene);
    expect_open(scene, 1);
    scene_run(scene, "echo kept in secret > /etc/note");
    scene_reboot(scene);
    expect_open(scene, 1);
    assert_string_equal(scene_run(scene, "cat /etc/note"), "kept in secret");
    scene_power_off(scene);
    expect_content(scene, "VERSION=2 UUID=" TAG " TYPE=crypto_LUKS");
    assert_false(succeeds("grep -q 'kept in secret' %s/state.img", scene->folder));
    scene_end(scene);
}

/* One passphrase opens all that it fits, whichever is there first. */
static void two_at_once(void **state)
{
    (void)state; /* one scene */
    struct scene *scene = make("luks-two", "volume data LABEL=data {\n    luks\n    fs ext2\n    "
                                           "mount /data\n}\n" STATE("UUID=" TAG, "discard=yes"));
    scene_boot(scene);
    assert_string_equal(scene_run(scene, "sed -n 's, /\\(persist\\|data\\) .*,,p' /proc/mounts"),
                        "/dev/mapper/data\n/dev/mapper/state");
    scene_end(scene);
}

/* A container of the older kind, which the configuration does not tell apart; and a person who
 * types at the keyboard of the machine, once wrong, and corrects a mistake. */
static void by_a_person(void **state)
{
    (void)state; /* one scene */
    struct error error;
    need_tool("cryptsetup");
    struct scene *scene = scene_new("luks-person", STATE("UUID=" TAG, ""));
    const char *image = arena_printf(scene->arena, "%s/old.img", scene->folder);
    const char *tree = arena_printf(scene->arena, "%s/old", scene->folder);
    const struct encryption old = {.type = "luks1", .uuid = TAG, .passphrase = "Old tide-2"};
    const struct disk disk = {.path = image, .encryption = &old};
    const struct store_request store = {.generations = "/generations", .tree = -1};
    const struct scratch_given given = {"state", image};
    if (tree_make(tree, scene->config, &error) < 0 || state_make(&disk, &store, tree, &error) < 0)
        fail_msg("%s", error.text);
    must_run("blkid -p -o export %s | tr '\\n' ' ' | grep -q 'VERSION=1 .*TYPE=crypto_LUKS'",
             image);
    scene->setup.given = &given;
    scene->setup.given_count = 1;
    scene->setup.append = "console=tty0 console=ttyS0";
    scene_make(scene);
    scene->request.display = true;
    scene_start(scene);
    const char *seen = arena_printf(scene->arena, "%s/question.png", scene->folder);
    if (vm_wait_serial(scene->vm, QUESTION, &error) < 0 ||
        vm_screendump(scene->vm, seen, &error) < 0 ||
        vm_send_keys(scene->vm, "ebb\n", &error) < 0 ||
        vm_wait_serial(scene->vm, "wrong " QUESTION, &error) < 0 ||
        vm_wait_serial(scene->vm, QUESTION, &error) < 0 ||
        vm_send_keys(scene->vm, "Old " VM_CAPS_LOCK "TIDE-" VM_CAPS_LOCK "1\b2\n", &error) < 0)
        fail_msg("%s", error.text);
    must_run("head -c 4 %s | grep -q PNG", seen);
    scene_boot(scene);
    expect_open(scene, 2);
    scene_end(scene);
}

/* The clock stops while somebody is asked: the line about keyboards comes after five seconds, which
 * is longer than any limit here. Nor does it end after three mistakes. */
static void a_person_takes_their_time(void **state)
{
    (void)state; /* one scene */
    struct error error;
    need_tool("cryptsetup");
    struct scene *scene = scene_new("luks-patience", "volume state UUID=" TAG
                                                     " wait=1s {\n    luks\n    fs ext4\n    mount "
                                                     "/persist\n}\n" REST);
    scene_make(scene);
    scene_start(scene);
    if (vm_wait_serial(scene->vm, "keyboard", &error) < 0)
        fail_msg("%s", error.text);
    for (int i = 0; i < 3; i++)
        if (vm_wait_serial(scene->vm, QUESTION, &error) < 0 ||
            vm_type(scene->vm, "wrong\r", &error) < 0 ||
            vm_wait_serial(scene->vm, "wrong " QUESTION, &error) < 0)
            fail_msg("%s", error.text);
    if (vm_wait_serial(scene->vm, QUESTION, &error) < 0 ||
        vm_type(scene->vm, SCRATCH_PASSPHRASE "\r", &error) < 0)
        fail_msg("%s", error.text);
    scene_boot(scene);
    expect_open(scene, 4);
    scene_end(scene);
}

/* What people copy has to boot: examples/laptop.conf, with the file system checked. */
static void the_example(void **state)
{
    (void)state; /* one scene */
    need_tool("cryptsetup");
    struct scene *scene = scene_of_file("luks-example", "examples/laptop.conf");
    scene_make(scene);
    scene->request.passphrase = SCRATCH_PASSPHRASE;
    scene->request.disk_count = 1; /* the stick is at home */
    scene_boot(scene);
    expect_open(scene, 1);
    assert_string_equal(
        scene_run(scene, "dmesg | grep -c 'check the volume'; stat -c %a /home/alice"), "1\n700");
    scene_end(scene);
}

/* The stick has the key; without it a person is asked. */
static void by_a_key_on_a_stick(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        make("luks-stick", KEYS STATE("LABEL=vault", "keyfile=keys:/deep/key.bin "
                                                     "keyfile-offset=100 keyfile-size=48"));
    scene_boot(scene);
    expect_open(scene, 0);
    scene_run(scene, "echo kept > /etc/note");
    scene_power_off(scene);
    scene->request.disk_count = 1;
    vm_stop(TAKE_PTR(scene->vm));
    scene_boot(scene);
    expect_open(scene, 1);
    assert_string_equal(scene_run(scene, "cat /etc/note"), "kept");
    scene_end(scene);
}

/* The stick is plugged in while a person is asked, and pulled out when it has done its work. */
static void by_a_key_that_comes_late(void **state)
{
    (void)state; /* one scene */
    struct error error;
    need_tool("cryptsetup");
    struct scene *scene =
        scene_new("luks-late", KEYS STATE("UUID=" TAG, "keyfile=keys:/key discard=yes"));
    scene->setup.bus = BUS_USB;
    scene_make(scene);
    scene->request.disk_count = 1;
    scene_start(scene);
    if (vm_wait_serial(scene->vm, QUESTION, &error) < 0)
        fail_msg("%s", error.text);
    scene_plug_in(scene, &scene->disks[1]);
    scene_boot(scene);
    expect_open(scene, 1);
    scene_run(scene, "test -b /dev/sdb");
    scene_unplug(scene, &scene->disks[1]);
    scene_run(scene, "while test -b /dev/sdb; do sleep 1; done; echo still here > /etc/note");
    scene_end(scene);
}

/* The device itself is as good as random, and nobody is asked for a passphrase without the stick.
 */
static void with_its_header_on_a_stick(void **state)
{
    (void)state; /* one scene */
    struct scene *scene =
        make("luks-header", KEYS STATE("PARTUUID=" TAG " wait=3s", "header=keys:/header"));
    expect_content(scene, "PTTYPE=gpt");
    must_run("cd %s && dd if=state.img bs=1M skip=1 of=bare status=none && ! blkid -p bare",
             scene->folder);
    scene_boot(scene);
    expect_open(scene, 1);
    scene_power_off(scene);
    scene->request.disk_count = 1;
    vm_stop(TAKE_PTR(scene->vm));
    scene_expect_rescue(scene,
                        "the volume \"state\" on /dev/vda1 cannot be unlocked: its header is "
                        "on the volume \"keys\", which did not appear within 3 s; attach it");
    scene_end(scene);
}

static void by_a_key_in_the_image(void **state)
{
    (void)state; /* one scene */
    struct error error;
    auto_arena arena = arena_new();
    auto_string here = getcwd(NULL, 0);
    const char *key = arena_printf(arena, "%s/build/qemu/luks-image.key", here);
    (void)mkdir("build/qemu", 0755); /* another test may have made it */
    if (path_write(AT_FDCWD, key, "a key\nof two lines\n", 19, 0600, &error) < 0)
        fail_msg("%s", error.text);
    struct scene *scene =
        make("luks-image", arena_printf(arena, STATE("UUID=" TAG, "keyfile=%s"), key));
    scene_boot(scene);
    expect_open(scene, 0);
    scene_end(scene);
    unlink(key);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_a_passphrase),
        cmocka_unit_test(two_at_once),
        cmocka_unit_test(by_a_person),
        cmocka_unit_test(a_person_takes_their_time),
        cmocka_unit_test(the_example),
        cmocka_unit_test(by_a_key_on_a_stick),
        cmocka_unit_test(by_a_key_that_comes_late),
        cmocka_unit_test(with_its_header_on_a_stick),
        cmocka_unit_test(by_a_key_in_the_image),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
