/* A unified image that firmware starts without a boot loader, and under Secure Boot: a signed one
 * boots, and one that was changed after it was signed does not. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/run.h"
#include "image/build.h"
#include "qemu-tests/scene.h"
#include "vm/disk.h"
#include "vm/kernel.h"

static const char configuration[] =
    "module efivarfs\n" SCENE_STATE "root tmpfs size=50%\n" SCENE_REST;

/* The package ovmf has variables with a key in them, and that key, for tests. */
#define VARIABLES "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"
#define CERTIFICATE "/usr/share/ovmf/PkKek-1-snakeoil.pem"
#define KEY "/usr/share/ovmf/PkKek-1-snakeoil.key"

enum { LIMIT = 1 << 30, ESP_SIZE = 128 * 1024 * 1024 };

static const char *in_scene(const struct scene *scene, const char *name)
{
    return arena_printf(scene->arena, "%s/%s", scene->folder, name);
}

static void must(int code, const struct error *error)
{
    if (code < 0)
        fail_msg("%s", error->text);
}

/* Firmware that starts only what was signed by the key, which is written in the clear. */
static void trust(struct scene *scene)
{
    struct error error;
    size_t length;
    auto_string variables = NULL;
    const char *key = in_scene(scene, "key");
    must(path_read(AT_FDCWD, VARIABLES, LIMIT, &variables, &length, &error), &error);
    must(path_write(AT_FDCWD, scene->request.firmware.variables, variables, length, 0600, &error),
         &error);
    const char *const arguments[] = {"openssl", "pkey", "-passin", "pass:snakeoil", "-in", KEY,
                                     "-out",    key,    NULL};
    const struct run run = {.arguments = arguments, .package = "openssl"};
    must(run_program(&run, NULL, &error), &error);
}

/* The image, in the place where firmware looks for a boot loader. */
static const char *make_unified(struct scene *scene)
{
    struct error error;
    struct kernel kernel;
    auto_fd folder = -1;
    const char *path = in_scene(scene, "esp/EFI/BOOT/BOOTX64.EFI");
    must(kernel_find(scene->arena, NULL, &kernel, &error), &error);
    must(path_make_folder(AT_FDCWD, in_scene(scene, "esp/EFI/BOOT"), &folder, &error), &error);
    const struct uki uki = {.kernel = kernel.path,
                            .version = kernel.version,
                            .cmdline = "console=ttyS0 panic=-1 unified=yes",
                            .key = in_scene(scene, "key"),
                            .certificate = CERTIFICATE};
    const struct build_request request = {.config = scene->config,
                                          .kernel = kernel.version,
                                          .init_program = scene->setup.init,
                                          .output = path,
                                          .uki = &uki};
    must(build_image(&request, &error), &error);
    return path;
}

/* The EFI system partition anew, with the image alone on it. */
static void install(struct scene *scene)
{
    struct error error;
    const struct disk disk = {.path = in_scene(scene, "ESP.img"),
                              .size = ESP_SIZE,
                              .fs_type = "vfat",
                              .esp = true,
                              .content = in_scene(scene, "esp")};
    unlink(disk.path);
    must(disk_make(&disk, &error), &error);
}

/* One byte of the parameters, where nothing but a signature can notice. */
static void change(const char *path)
{
    struct error error;
    size_t length;
    auto_string text = NULL;
    must(path_read(AT_FDCWD, path, LIMIT, &text, &length, &error), &error);
    char *at = memmem(text, length, "unified=yes", 11);
    assert_non_null(at);
    memset(at + strlen("unified="), 'n', 1);
    must(path_write(AT_FDCWD, path, text, length, 0600, &error), &error);
}

static void only_what_was_signed_boots(void **state)
{
    (void)state; /* one scene tells the whole story */
    struct scene *scene = scene_new("uki", configuration);
    if (access(VARIABLES, R_OK) < 0 || access(KEY, R_OK) < 0)
        fail_msg("firmware with a key for tests is missing; install the package \"ovmf\"");
    scene->setup.uefi = true;
    scene_make(scene);
    trust(scene);
    const char *image = make_unified(scene);
    install(scene);
    scene_boot(scene);
    scene_run(scene, "grep 'unified=yes$' /proc/cmdline && test -e /run/ebb/status.json && "
                     "dmesg | grep 'secureboot: Secure boot enabled'");
    scene_power_off(scene);

    change(image);
    install(scene);
    scene_start(scene);
    scene_wait(scene, "Access Denied"); /* as firmware says it */
    scene_wait(scene, "No bootable option or device was found");
    assert_null(strstr(vm_serial_of_boot(scene->vm), "Linux version"));
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_signed_boots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
