/* Boots that cannot succeed. Each ends on a rescue screen that names the object, the reason and the
 * remedy, the machine does what the declaration says, and nothing on the volume is lost. */

#include "base/testdata/scratch.h"

#include "base/copy.h"
#include "base/path.h"
#include "base/run.h"
#include "image/image.h"
#include "qemu-tests/spoilt.h"
#include "vm/disk.h"

/* What differs from a boot that would succeed. NULL: as usual. */
struct wrong {
    const char *name;
    const char *volume, *root, *more, *generations; /* of the configuration */
    const char *rescue;                             /* "": nothing is declared */
    const char *append;
    const char *spoil;    /* commands for debugfs */
    bool spoil_complains; /* and does it all the same */
    const char *foreign;  /* a file system of this type takes the place of the volume */
    bool untouched;       /* not even mounted */
    const char *sentence; /* on the screen, word for word */
    const char *also;     /* another line of the screen */
    const char *told;     /* elsewhere on the console */
};

#define ANOTHER " boot another generation with ebb.generation=, or name another init with init="
#define NEW_ENTRY "persist state:/persist {\n    dir /srv/new\n}\n"

static const struct wrong wrongs[] = {
    /* the volume */
    {.name = "volume-missing",
     .volume = "volume state UUID=00000000-dead-4000-8000-000000000000 wait=1s {\n    fs ext4\n"
               "}\n",
     .untouched = true,
     .sentence = "UUID=00000000-dead-4000-8000-000000000000, the volume \"state\", did not appear "
                 "within 1 s; correct its tag, attach the disk, or add its driver with `module "
                 "NAME`",
     .also = "\nblock devices:\n  /dev/vda ext4 UUID=" STATE_UUID " LABEL=EBB\n\n"
             "r retry   l log   b reboot   o power off\n"
             "rebooting in 1 s unless a key is pressed\n"},
    {.name = "driver-missing",
     .volume = "volume state UUID=" STATE_UUID " wait=1s {\n    fs ext4\n}\n",
     .append = "modprobe.blacklist=virtio_blk",
     .untouched = true,
     .sentence =
         "UUID=" STATE_UUID ", the volume \"state\", did not appear within 1 s; correct its "
         "tag, attach the disk, or add its driver with `module NAME`",
     .also = "\nblock devices:\n"
             "  no block device: a driver is missing, or no disk is attached\n"
             "devices without a driver in the image:\n"
             "  virtio:d00000002v00001AF4  virtio disk\n\n"},
    {.name = "volume-foreign",
     .volume = "volume state LABEL=EBB {\n    fs ext4\n}\n",
     .foreign = "vfat",
     .untouched = true,
     .sentence = "/dev/vda, the volume \"state\", holds vfat, not ext4; correct its tag, or its "
                 "`fs`"},
    {.name = "volume-damaged",
     .volume = "volume state /dev/vda {\n    fs ext4\n}\n",
     .spoil = "zap_block -o 56 -l 2 1\n", /* the magic number of the superblock */
     .untouched = true,
     .sentence = "/dev/vda, the volume \"state\", holds no file system that is known; correct its "
                 "tag, or have it repaired from another system"},
    {.name = "identity-none",
     .spoil = "rm /.ebb/store-id\n",
     .sentence = "/dev/vda is not the state volume \"state\": it has no .ebb/store-id; correct the "
                 "tag of the volume, or make this one a state volume with `ebb init`"},
    {.name = "identity-other",
     .volume = "volume state UUID=" STATE_UUID " {\n    fs ext4\n    identity another-one\n}\n",
     .sentence = "/dev/vda is the state volume the-right-one, but \"state\" is declared to be "
                 "another-one; attach the right disk, or correct `identity`"},
    {.name = "volume-full",
     .more = NEW_ENTRY,
     .spoil = "fallocate /filler 0 65535\n", /* more than there is takes all there is */
     .spoil_complains = true,
     .sentence = "cannot make \"state:/persist/srv/new\": No space left on device; free some on "
                 "the volume",
     .also = "\n  at: bind state:/persist/srv/new on /srv/new  (/etc/ebb/ebb.conf:12)\n"},
    {.name = "volume-read-only",
     .volume = "volume state UUID=" STATE_UUID " {\n    fs ext4 options=ro\n}\n",
     .more = NEW_ENTRY,
     .sentence = "cannot make \"state:/persist/srv/new\": Read-only file system; mount the volume "
                 "writable, or make it beforehand"},
    /* the generation */
    {.name = "generation-unknown",
     .append = "ebb.generation=9 ebb.rescue=poweroff",
     .sentence = "volume \"state\": there is no generation \"9\"; write a number from 1 to 7, "
                 "latest or previous",
     .also = "\nr retry   p previous generation   g choose a generation   l log   b reboot   o "
             "power off\n"
             "powering off in 1 s unless a key is pressed\n"},
    {.name = "generation-cut-off",
     .append = "ebb.generation=2",
     .sentence = "volume \"state\": the generation.json of generation 2 is not whole; boot another "
                 "one with "
                 "ebb.generation="},
    {.name = "init-missing",
     .append = "ebb.generation=3",
     .sentence = "generation 3 has no init \"/sbin/init\";" ANOTHER},
    {.name = "init-not-executable",
     .append = "ebb.generation=4",
     .sentence = "the init \"/sbin/init\" of generation 4 is not an executable file;" ANOTHER},
    {.name = "init-script",
     .append = "ebb.generation=5",
     .sentence = "the init \"/sbin/init\" of generation 5 needs \"/opt/bin/shell\", which cannot "
                 "be opened in the new root (No such file or directory);" ANOTHER},
    {.name = "init-dynamic",
     .append = "ebb.generation=6",
     .sentence = "the init \"/sbin/init\" of generation 6 needs \"/lib64/ld-linux-x86-64.so.2\", "
                 "which cannot be opened in the new root (No such file or directory);" ANOTHER},
    {.name = "init-named",
     .append = "init=/opt/init",
     .sentence = "generation 1 has no init \"/opt/init\";" ANOTHER,
     .also = "(kernel command line)\n"},
    {.name = "root-too-small",
     .root = "root tmpfs size=1m\n",
     .append = "ebb.generation=7",
     .sentence = "\"/var\" of generation 7 does not fit into the root of size=1m and inodes=1m; "
                 "give `root tmpfs` more, or use `root overlay`"},
    /* the entries */
    {.name = "entry-kind",
     .spoil = "rm /persist/etc/adjtime\nmkdir /persist/etc/adjtime\n",
     .sentence = "\"/etc/adjtime\" is declared as a file, but \"state:/persist/etc/adjtime\" is a "
                 "folder; declare it as it is, or move it away"},
    {.name = "entry-link",
     .spoil = "rm /persist/etc/adjtime\nsymlink /persist/etc/adjtime /proc/sys/kernel/hostname\n",
     .sentence = "\"state:/persist/etc/adjtime\" is a symbolic link, and none is followed there; "
                 "put the file itself in its place"},
    {.name = "entry-link-above",
     .spoil = "rm /persist/var/spool/queue/1\nrmdir /persist/var/spool/queue\n"
              "rmdir /persist/var/spool\nsymlink /persist/var/spool ../srv\n",
     .sentence = "on the volume \"state\": \"/persist/var/spool/queue\" leads through the symbolic "
                 "link \"spool\"; replace the link, or name the folder itself"},
};

static struct scene *prepare(const struct wrong *wrong)
{
    struct error error;
    struct arena *arena = arena_new();
    const char *text = arena_printf(
        arena, "%s%s" PERSIST "%s%s%s", wrong->volume ? wrong->volume : SCENE_STATE,
        wrong->root ? wrong->root : ROOT, wrong->more ? wrong->more : "",
        wrong->generations ? wrong->generations : "generations state:/generations default=1\n",
        wrong->rescue ? wrong->rescue : "rescue reboot after=1s\n");
    struct scene *scene = scene_new(arena_printf(arena, "rescue-%s", wrong->name), text);
    arena_free(arena);
    struct scratch_given *given = arena_alloc(scene->arena, sizeof(*given));
    *given =
        (struct scratch_given){"state", arena_printf(scene->arena, "%s/state.img", scene->folder)};
    scene->setup.given = given;
    scene->setup.given_count = 1;
    scene->setup.append = wrong->append;
    auto_fd from = open_folder(spoilt_folder), to = open_folder(scene->folder);
    const struct disk foreign = {.path = given->path, .fs_type = wrong->foreign, .label = "EBB"};
    if ((wrong->foreign ? disk_make(&foreign, &error) : copy_named(from, to, "state.img", &error)) <
        0)
        fail_msg("%s", error.text);
    if (wrong->spoil)
        spoilt_change(given->path, wrong->spoil, wrong->spoil_complains);
    scene_make(scene);
    return scene;
}

static char *read_image(const char *path, size_t *length)
{
    struct error error;
    char *bytes;
    if (path_read(AT_FDCWD, path, 1 << 30, &bytes, length, &error) < 0)
        fail_msg("%s", error.text);
    return bytes;
}

static void expect_rescue(struct scene *scene, const struct wrong *wrong)
{
    size_t length, after_length;
    auto_string before = read_image(scene->disks[0].path, &length);
    const char *screen = scene_expect_rescue(scene, wrong->sentence);
    if (wrong->also && !strstr(screen, wrong->also))
        fail_msg("the screen does not say \"%s\":\n%s", wrong->also, screen);
    if (wrong->told && !strstr(vm_serial(scene->vm), wrong->told))
        fail_msg("the console does not say \"%s\":\n%s", wrong->told, vm_serial(scene->vm));
    bool ends = wrong->append && strstr(wrong->append, "ebb.rescue=poweroff");
    if (!strstr(vm_serial(scene->vm), ends ? "reboot: Power down" : "reboot: Restarting system"))
        fail_msg("the machine did not %s:\n%s", ends ? "power off" : "reboot",
                 vm_serial(scene->vm));
    if (wrong->untouched) {
        auto_string after = read_image(scene->disks[0].path, &after_length);
        assert_int_equal(after_length, length);
        assert_true(memcmp(before, after, length) == 0);
    } else {
        spoilt_expect_kept(scene->disks[0].path);
    }
    scene_end(scene);
}

static void ends_on_the_rescue_screen(void **state)
{
    const struct wrong *wrong = *state;
    expect_rescue(prepare(wrong), wrong);
}

/* Without a word about it in the declaration, somebody has to come and press a key, on any console:
 * the last console= is /dev/console, and the person sits at the other one. */
static void waits_for_a_person(void **state)
{
    (void)state; /* one case */
    struct error error;
    const struct wrong wrong = {
        .name = "generation-none",
        .generations = "generations state:/empty\n",
        .rescue = "",
        .append = "console=tty0",
        .sentence =
            "volume \"state\": there is no generation in \"/empty\"; put one there, in its folder "
            "\"1\" as ebb.conf(5) tells, or correct `generations`",
        .also = "\nr retry   l log   b reboot   o power off\n"};
    struct scene *scene = prepare(&wrong);
    scene_start(scene);
    if (vm_wait_serial(scene->vm, "o power off", &error) < 0 || vm_type(scene->vm, "b", &error) < 0)
        fail_msg("%s", error.text);
    expect_rescue(scene, &wrong);
}

static void expect_hook_failure(const char *name, const char *script, const char *options,
                                const char *sentence)
{
    static const char waits[] = "#!/bin/busybox sh\nexec sleep 100000\n",
                      tells[] = "#!/bin/sh\necho \"why: $EBB_FAILURE\"\n";
    auto_arena arena = arena_new();
    auto_fd folder = open_folder(spoilt_folder);
    auto_string whole = realpath(spoilt_folder, NULL);
    const char *path = arena_printf(arena, "%s/%s", whole, name);
    const struct wrong wrong = {
        .name = name,
        .more = arena_printf(arena,
                             "hook before-volumes %s/watch background=yes\n"
                             "hook before-switch %s %s\nhook on-rescue %s/tell\n",
                             whole, path, options, whole),
        .sentence = arena_printf(arena, "the hook \"%s\" %s", path, sentence),
        .told = arena_printf(arena, "ebb: %s/tell: why: the hook \"%s\" %s", whole, path, sentence),
    };
    spoilt_put(folder, name, script, strlen(script), 0755);
    spoilt_put(folder, "watch", waits, strlen(waits), 0755); /* for ever: nobody waits for it */
    spoilt_put(folder, "tell", tells, strlen(tells), 0755);
    expect_rescue(prepare(&wrong), &wrong);
}

static void a_hook_fails(void **state)
{
    (void)state; /* one case */
    expect_hook_failure("hook-fails", "#!/bin/sh\necho there is no light\nexit 3\n", "",
                        "failed with exit status 3; its words are in the log above");
}

static void a_hook_never_ends(void **state)
{
    (void)state; /* one case */
    expect_hook_failure("hook-hangs", "#!/bin/sh\nwhile :; do :; done\n", "timeout=1s",
                        "was not done after 1000 ms and was ended; mend it, or give it a longer "
                        "timeout=");
}

/* The kernel unpacks what stands behind the image over what is in it. */
static void append_to_image(const struct scene *scene, const char *path, const char *text)
{
    struct error error;
    auto_image damage = image_new();
    auto_string bytes = NULL;
    size_t length = 0;
    const char *file = arena_printf(scene->arena, "%s/damage", scene->folder);
    if (image_add_bytes(damage, path, text, strlen(text), 0600, &error) < 0 ||
        image_write(damage, file, NULL, NULL, &error) < 0 ||
        path_read(AT_FDCWD, file, 1 << 20, &bytes, &length, &error) < 0)
        fail_msg("%s", error.text);
    auto_fd image = open(scene->request.image, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(image >= 0);
    assert_int_equal(path_write_all(image, bytes, length), 0);
}

static void the_configuration_was_damaged(void **state)
{
    (void)state; /* one case */
    const struct wrong wrong = {
        .name = "configuration-damaged",
        .untouched = true,
        .sentence = "the configuration in the image has errors, first /etc/ebb/ebb.conf:2:1: "
                    "unknown directive \"volum\"; did you mean \"volume\"?; rebuild the image with "
                    "`ebb build`",
    };
    struct scene *scene = prepare(&wrong);
    append_to_image(scene, "/etc/ebb/ebb.conf", "rescue reboot after=1s\nvolum state\n");
    expect_rescue(scene, &wrong);
}

static void the_image_was_cut_off(void **state)
{
    (void)state; /* one case */
    struct error error;
    struct scene *scene = prepare(&(struct wrong){.name = "image-cut-off"});
    const char *const arguments[] = {
        "sh", "-c", arena_printf(scene->arena, "build/ebb image ls %s", scene->request.image),
        NULL};
    const struct run run = {.arguments = arguments, .package = "dash"};
    if (run_program(&run, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(truncate(scene->request.image, 100000), 0);
    assert_int_equal(run_program(&run, NULL, &error), -EIO);
    /* In the middle of what, depends on where this is built: the agent keeps its own path. */
    const char *said = arena_printf(scene->arena, "ebb: \"%s\" is cut off in the middle of \"",
                                    scene->request.image);
    if (!strstr(error.text, said))
        fail_msg("not \"%s\" but: %s", said, error.text);
    scene_end(scene);
}

/* Such as on a board whose console= names what it does not have. */
static void there_is_no_console(void **state)
{
    (void)state; /* one scene, booted twice */
    struct error error;
    struct scene *scene =
        prepare(&(struct wrong){.name = "console-none", .append = "8250.nr_uarts=0"});
    scene_boot(scene);
    scene_run(scene, "! true < /dev/console");
    assert_string_equal(scene_run(scene, "dmesg | grep -c 'ebb: execute'"), "1");
    assert_string_equal(vm_serial(scene->vm), "");
    vm_stop(TAKE_PTR(scene->vm));

    /* Nobody could press a key, so `wait` does not. A panic would stop the machine for ever. */
    scene->request.append = "8250.nr_uarts=0 ebb.generation=9 ebb.rescue=wait panic=0";
    scene_start(scene);
    if (vm_wait_end(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(vm_serial(scene->vm), "");
    spoilt_expect_kept(scene->disks[0].path);
    scene_end(scene);
}

/* Below some size the kernel cannot unpack the image, and says so. Above it, PID 1 can work. */
static void there_is_little_memory(void **state)
{
    (void)state; /* one scene, booted until it works */
    struct error error;
    struct scene *scene = prepare(&(struct wrong){.name = "memory-little"});
    for (unsigned memory = 96;; memory += 8) {
        scene->request.memory = memory;
        scene_start(scene);
        if (vm_wait_ready(scene->vm, &error) == 0)
            break;
        const char *serial = vm_serial(scene->vm);
        if (strstr(serial, "ebb: begin") || !strstr(serial, "Kernel panic") || memory > 512)
            fail_msg("with %u MiB: %s", memory, error.text);
        vm_stop(TAKE_PTR(scene->vm));
    }
    assert_string_equal(scene_run(scene, "cat /srv/data/precious"), "precious");
    scene_end(scene);
}

int main(int count, char **arguments)
{
    struct CMUnitTest tests[ARRAY_LENGTH(wrongs) + 7] = {
        cmocka_unit_test(waits_for_a_person),     cmocka_unit_test(a_hook_fails),
        cmocka_unit_test(a_hook_never_ends),      cmocka_unit_test(the_configuration_was_damaged),
        cmocka_unit_test(the_image_was_cut_off),  cmocka_unit_test(there_is_no_console),
        cmocka_unit_test(there_is_little_memory),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrongs); i++)
        tests[7 + i] = (struct CMUnitTest){.name = wrongs[i].name,
                                           .test_func = ends_on_the_rescue_screen,
                                           .initial_state = (void *)&wrongs[i]};
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, spoilt_make, spoilt_remove);
}
