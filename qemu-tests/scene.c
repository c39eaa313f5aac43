#include "qemu-tests/scene.h"

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
#include "base/testdata/shell.h"
#include "plan/make.h"
#include "vm/program.h"
#include "vm/tree.h"

enum { PATIENCE = 600, MOMENT = 100 * 1000 /* microseconds */ };

static const char *find_program(struct arena *arena, const char *name)
{
    struct error error;
    char path[4096];
    /* The programs lie in build/, the test in build/qemu-tests/. */
    snprintf(path, sizeof(path), "build/%s", name);
    if (access(path, X_OK) < 0 && program_find(name, path, sizeof(path), &error) < 0)
        fail_msg("%s", error.text);
    auto_string whole = realpath(path, NULL);
    return arena_string(arena, whole ? whole : path);
}

/* The file that it is in then. */
static const char *write_config(const struct scene *scene, const char *configuration)
{
    struct error error;
    const char *file = arena_printf(scene->arena, "%s/ebb.conf", scene->folder);
    if (path_write(AT_FDCWD, file, configuration, strlen(configuration), 0644, &error) < 0)
        fail_msg("%s", error.text);
    return file;
}

static const struct config *load(struct scene *scene, const char *file)
{
    struct error error;
    const char *extra;
    struct report report = {.arena = scene->arena};
    if (setup_extra(scene->arena, &scene->setup, &extra, &error) < 0)
        fail_msg("%s", error.text);
    const struct config *config = config_load(file, (const char *const[]){extra, NULL}, &report);
    config_check(config, &report);
    report_print(&report, stderr);
    assert_int_equal(report.errors, 0);
    return config;
}

/* A scene whose configuration is not loaded yet. */
static struct scene *make_scene(const char *name)
{
    struct arena *arena = arena_new();
    struct scene *scene = arena_alloc(arena, sizeof(*scene));
    scene->arena = arena;
    scene->folder = arena_printf(arena, "build/qemu/%s", name);
    (void)mkdir("build/qemu", 0755); /* another test may have made it */
    path_remove_tree(scene->folder);
    if (mkdir(scene->folder, 0755) < 0)
        fail_msg("cannot make %s: %s", scene->folder, strerror(errno));
    /* systemd's cgroups would have the kernel patch its allocator while both processors run in it,
     * after which QEMU's emulator at times stays in that place for ever. And a timer of a machine
     * that gets no time now and then is no reason to panic. */
    scene->setup = (struct setup){.folder = scene->folder,
                                  .init = find_program(arena, "ebb-init"),
                                  .agent = find_program(arena, "ebb-agent"),
                                  .append = "cgroup.memory=nokmem no_timer_check"};
    return scene;
}

struct scene *scene_new(const char *name, const char *configuration)
{
    struct scene *scene = make_scene(name);
    scene->config = load(scene, write_config(scene, configuration));
    return scene;
}

struct scene *scene_of_file(const char *name, const char *file)
{
    struct scene *scene = make_scene(name);
    scene->config = load(scene, file);
    return scene;
}

void scene_need_debian(void)
{
    if (geteuid() == 0)
        return;
    print_message("SKIP: a Debian tree can be made by root only\n");
    skip();
}

/* Runs what cannot fail, but for reasons that it tells itself. */
static void must_do(const char *command)
{
    if (system(command) != 0) /* NOLINT(cert-env33-c): the words are ours */
        fail_msg("failed: %s", command);
}

void scene_install_debian(struct scene *scene)
{
    must_do("examples/debian-tree build/demo/debian");
    scene_install_copy(scene, "build/demo/debian");
}

void scene_install_copy(struct scene *scene, const char *system)
{
    const char *tree = arena_printf(scene->arena, "%s/debian", scene->folder);
    must_do(arena_printf(scene->arena, "cp -al %s %s && make -s install DESTDIR=%s", system, tree,
                         tree));
    scene->setup.tree = tree;
}

void scene_install_config(struct scene *scene, const char *configuration)
{
    struct error error;
    const char *folder = arena_printf(scene->arena, "%s/etc/ebb", scene->setup.tree);
    if (mkdir(folder, 0755) < 0 ||
        path_write(AT_FDCWD, arena_printf(scene->arena, "%s/ebb.conf", folder), configuration,
                   strlen(configuration), 0644, &error) < 0)
        fail_msg("cannot write into %s", folder);
}

void scene_install_tool(struct scene *scene)
{
    struct error error;
    const char *tree = arena_printf(scene->arena, "%s/with-ebb", scene->folder);
    if (tree_make(tree, scene->config, &error) < 0)
        fail_msg("%s", error.text);
    must_do(arena_printf(
        scene->arena,
        "cp build/ebb build/ebb-init %s/bin/ && mkdir -p %s/etc/ebb && "
        "cp %s/ebb.conf %s/etc/ebb/ && ldd build/ebb | grep -o '/[^ ]*' | while read file; do "
        "mkdir -p %s/$(dirname $file) && cp -L $file %s/$file || exit 1; done",
        tree, tree, scene->folder, tree, tree, tree));
    scene->setup.tree = tree;
}

void scene_install_kernel(struct scene *scene, const char *file)
{
    static const char modules[] =
        "kernel/crypto/crc* kernel/lib/crc16.ko kernel/lib/libcrc32c.ko "
        "kernel/arch/*/crypto/crc* kernel/fs/ext4 kernel/fs/jbd2 kernel/fs/mbcache.ko "
        "kernel/fs/overlayfs kernel/fs/fat kernel/fs/nls/nls_[aciu]* kernel/fs/efivarfs "
        "kernel/drivers/char/virtio_console.ko kernel/drivers/virtio "
        "kernel/drivers/block/virtio_blk.ko kernel/drivers/block/loop.ko kernel/fs/erofs";
    must_do(arena_printf(
        scene->arena,
        "set -e; V=$(ls /lib/modules | sort -V | tail -n 1); T=$PWD/%s; M=$T/usr/lib/modules/$V;"
        "K=%s; mkdir -p $T/boot $M; cp ${K:-/boot/vmlinuz-$V} $T/boot/vmlinuz-$V;"
        "cd /lib/modules/$V; cp modules.builtin* modules.order $M; cp -r --parents %s $M;"
        "PATH=$PATH:/sbin:/usr/sbin depmod -b $T $V",
        scene->setup.tree, file ? file : "", modules));
}

void scene_make(struct scene *scene)
{
    struct error error;
    if (setup_make(scene->arena, &scene->setup, scene->config, &scene->request, &error) < 0)
        fail_msg("%s", error.text);
    scene->disks = (struct vm_disk *)scene->request.disks;
}

void scene_configure(struct scene *scene, const char *configuration)
{
    struct error error;
    scene->config = load(scene, write_config(scene, configuration));
    if (setup_image(scene->arena, &scene->setup, scene->config, scene->request.image, &error) < 0)
        fail_msg("%s", error.text);
}

void scene_start(struct scene *scene)
{
    struct error error;
    if (scene->vm && vm_runs(scene->vm))
        return;
    int code =
        scene->vm ? vm_boot(scene->vm, &error) : vm_start(&scene->request, &scene->vm, &error);
    if (code < 0)
        fail_msg("%s", error.text);
}

void scene_boot(struct scene *scene)
{
    struct error error;
    scene_start(scene);
    if (vm_wait_ready(scene->vm, &error) < 0)
        fail_msg("%s", error.text);
}

void scene_boot_generation(struct scene *scene, unsigned number)
{
    scene_boot(scene);
    scene_expect(scene, "sed -n 's/.*\"generation\": *\\([0-9]*\\),.*/\\1/p' /run/ebb/status.json",
                 arena_printf(scene->arena, "%u", number));
}

const char *scene_screen(const struct scene *scene)
{
    return vm_screen(scene->vm, scene->arena);
}

const char *scene_expect_rescue(struct scene *scene, const char *sentence)
{
    struct error error;
    scene_start(scene);
    int code = vm_wait_ready(scene->vm, &error);
    if (code == 0)
        fail_msg("the boot succeeded");
    /* -no-reboot makes QEMU end when the rescue screen reboots. */
    if (code == -ENOTRECOVERABLE)
        code = vm_wait_end(scene->vm, &error);
    if (code < 0)
        fail_msg("%s", error.text);
    const char *screen = scene_screen(scene);
    const char *rescue = strstr(screen, "\nebb: rescue: the boot cannot go on\n");
    if (!rescue)
        fail_msg("there was no rescue screen:\n%s", vm_serial_of_boot(scene->vm));
    if (rescue && !strstr(rescue, arena_printf(scene->arena, "\n  %s\n\n", sentence)))
        fail_msg("the rescue screen does not say \"%s\":\n%s", sentence, rescue);
    if (strstr(vm_serial_of_boot(scene->vm), "Kernel panic"))
        fail_msg("the kernel panicked:\n%s", vm_serial_of_boot(scene->vm));
    return rescue;
}

/* What the machine could not do is the test's failure. */
static void must(int code, const struct error *error)
{
    if (code < 0)
        fail_msg("%s", error->text);
}

void scene_wait(struct scene *scene, const char *text)
{
    struct error error;
    must(vm_wait_serial(scene->vm, text, &error), &error);
}

void scene_type(struct scene *scene, const char *keys)
{
    struct error error;
    must(vm_type(scene->vm, keys, &error), &error);
}

void scene_reboot(struct scene *scene)
{
    struct error error;
    must(vm_reboot(scene->vm, &error), &error);
}

void scene_restart(struct scene *scene, const char *command)
{
    struct error error;
    must(vm_restart(scene->vm, command, &error), &error);
}

void scene_power_off(struct scene *scene)
{
    struct error error;
    must(vm_power_off(scene->vm, &error), &error);
}

void scene_expect_unmounted(const struct scene *scene)
{
    must_run("PATH=$PATH:/usr/sbin:/sbin; dumpe2fs -h %s/state.img 2>/dev/null |"
             "grep '^Filesystem features:' | grep -vq needs_recovery",
             scene->folder);
}

const char *scene_run(struct scene *scene, const char *command)
{
    struct error error;
    char *text = NULL;
    size_t length = 0;
    int status = -1;
    FILE *output = open_memstream(&text, &length);
    assert_non_null(output);
    int code = vm_exec(scene->vm, command, output, output, &status, &error);
    fclose(output);
    assert_non_null(text);
    if (code < 0)
        fail_msg("%s", error.text);
    if (status != 0)
        fail_msg("status %d from \"%s\":\n%s", status, command, text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *copy = arena_string(scene->arena, text);
    free(text);
    return copy;
}

void scene_expect(struct scene *scene, const char *command, const char *output)
{
    const char *found = scene_run(scene, command);
    if (strcmp(found, output) != 0)
        fail_msg("\"%s\" says:\n%s\nand not:\n%s", command, found, output);
}

void scene_put(struct scene *scene, const char *file, const char *path)
{
    struct error error;
    auto_string text = NULL;
    size_t length;
    must(path_read(AT_FDCWD, file, 1 << 20, &text, &length, &error), &error);
    scene_run(scene,
              arena_printf(scene->arena, "umask 077 && mkdir -p %.*s && cat > %s <<'EOF'\n%sEOF\n",
                           (int)(strrchr(path, '/') - path), path, path, text));
}

void scene_expect_all_is_well(struct scene *scene)
{
    assert_string_equal(vm_readiness(scene->vm), "running");
    assert_string_equal(
        scene_run(scene, "systemctl --failed --no-legend; systemctl is-system-running"), "running");
    /* At midnight, timers start some; what hangs is waited for in vain. */
    scene_run(scene, "until test -z \"$(systemctl list-jobs --no-legend)\"; do sleep 0.1; done");
}

/* What was plugged in is known to QEMU by the number of its place in the list. */
void scene_plug_in(struct scene *scene, const struct vm_disk *disk)
{
    struct error error;
    size_t number = scene->plugged_count;
    *ARENA_PUSH(scene->arena, scene->plugged, scene->plugged_count) = disk;
    const char *blocks = arena_printf(scene->arena,
                                      "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": "
                                      "\"raw\", \"node-name\": \"late%zu\", \"file\": {\"driver\": "
                                      "\"file\", \"filename\": \"%s\"}}}",
                                      number, disk->path);
    const char *device =
        arena_printf(scene->arena,
                     "{\"execute\": \"device_add\", \"arguments\": {\"driver\": "
                     "\"usb-storage\", \"drive\": \"late%zu\", \"id\": \"stick%zu\", "
                     "\"bus\": \"usb.0\"}}",
                     number, number);
    if (vm_qmp(scene->vm, blocks, NULL, &error) < 0 || vm_qmp(scene->vm, device, NULL, &error) < 0)
        fail_msg("%s", error.text);
}

void scene_unplug(struct scene *scene, const struct vm_disk *disk)
{
    struct error error;
    size_t number = 0;
    int patience = PATIENCE;
    while (number < scene->plugged_count && scene->plugged[number] != disk)
        number++;
    assert_true(number < scene->plugged_count);
    scene->plugged[number] = NULL;
    const char *device = arena_printf(scene->arena,
                                      "{\"execute\": \"device_del\", \"arguments\": {\"id\": "
                                      "\"stick%zu\"}}",
                                      number);
    const char *blocks =
        arena_printf(scene->arena,
                     "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": "
                     "\"late%zu\"}}",
                     number);
    int code = vm_qmp(scene->vm, device, NULL, &error);
    if (code == 0) /* QEMU lets go of the file some moments later, without a word */
        while ((code = vm_qmp(scene->vm, blocks, NULL, &error)) == -EBADRQC && patience-- > 0)
            usleep(MOMENT);
    if (code < 0)
        fail_msg("%s", error.text);
}

void scene_end(struct scene *scene)
{
    vm_stop(scene->vm);
    path_remove_tree(scene->folder);
    arena_free(scene->arena);
}
