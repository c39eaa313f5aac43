#include "image/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/path.h"
#include "base/run.h"
#include "image/hooks.h"
#include "image/image.h"
#include "image/keymap.h"
#include "image/links.h"
#include "image/output.h"
#include "kconfig/index.h"
#include "kconfig/modules.h"
#include "kconfig/step.h"
#include "mounts/tools.h"

static const char modules_root[] = "/lib/modules";

/* The versions that are installed, ascending, each with a blank in front; and the last. */
static const char *list_versions(struct arena *arena, const char *folder, const char **newest)
{
    const char *text = "";
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, versionsort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            *newest = arena_string(arena, entries[i]->d_name);
            text = arena_printf(arena, "%s %s", text, *newest);
        }
        free(entries[i]);
    }
    free(entries);
    return text;
}

int build_kernel(struct arena *arena, const char *root, const char *wanted, const char **kernel,
                 struct error *error)
{
    struct utsname running;
    const char *folder = arena_printf(arena, "%s%s", root ? root : "", modules_root), *newest = "?";
    const char *versions = list_versions(arena, folder, &newest);
    if (!wanted && root)
        wanted = newest;
    if (!wanted && uname(&running) == 0)
        wanted = arena_string(arena, running.release);
    if (access(arena_printf(arena, "%s/%s/modules.dep", folder, wanted), R_OK) == 0) {
        *kernel = wanted;
        return 0;
    }
    return error_set(error, ENOENT, "there are no modules of the kernel \"%s\" in %s; %s%s", wanted,
                     folder, *versions ? "choose with --kernel one of:" : "install a kernel",
                     versions);
}

/* The program of the system that the image is made from. */
static int find_program(const struct image *image, const char *name, const char *package,
                        char path[PATH_MAX], struct error *error)
{
    static const char *const folders[] = {"/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin",
                                          "/bin"};
    const char *root = image_root(image);
    if (!*root)
        return run_find(name, package, path, PATH_MAX, error);
    auto_fd fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        snprintf(path, PATH_MAX, "%s/%s", folders[i], name);
        auto_fd found = path_open_in_root(fd, path, O_PATH);
        if (found >= 0)
            return 0;
    }
    return error_set(error, ENOENT,
                     "cannot find the program \"%s\" in \"%s\"; install the package \"%s\" there",
                     name, root, package);
}

/* Where PID 1 will look for what `from` includes. */
static char *place_of_include(struct arena *arena, const char *from, const char *written)
{
    int folder = (int)(strrchr(from, '/') - from);
    char *place = *written == '/' ? arena_string(arena, written)
                                  : arena_printf(arena, "%.*s/%s", folder, from, written);
    char resolved[PATH_MAX];
    struct error error; /* only a lookup could fail */
    return links_resolve(place, NULL, NULL, resolved, &error) < 0 ? place
                                                                  : arena_string(arena, resolved);
}

/* Every file lies where the first include of it looks; where others look, links lead there. So PID
 * 1 sees the same files as the tool, each once. */
static int add_config(struct image *image, struct arena *arena, const struct config *config,
                      struct error *error)
{
    const char **places = arena_alloc(arena, config->file_count * sizeof(*places));
    for (size_t i = 0; i < config->file_count; i++)
        if (i == 0 || config->files[i].added)
            places[i] = i == 0 ? "/etc/ebb/ebb.conf" : "/etc/ebb/added.conf";
    int code = 0;
    for (size_t i = 0; code == 0 && i < config->include_count; i++) {
        const struct include *include = &config->includes[i];
        const char *place = place_of_include(arena, places[include->from], include->written);
        if (!places[include->to])
            places[include->to] = place;
        else if (strcmp(places[include->to], place) != 0)
            code = image_add_link(image, place, places[include->to], error);
    }
    for (size_t i = 0; code == 0 && i < config->file_count; i++)
        code = image_add_bytes(image, places[i], config->files[i].text, config->files[i].length,
                               0600, error);
    return code < 0 ? error_prefix(error, "the configuration \"%s\"", config->file) : 0;
}

static int add_hooks(struct image *image, struct arena *arena, const struct config *config,
                     struct error *error)
{
    for (size_t i = 0; i < config->hook_count; i++)
        if (hook_add(image, config->hooks[i], error) < 0)
            return error_prefix(error, "the hook at %s",
                                origin_line(arena, config->hooks[i]->origin));
    return 0;
}

static int add_tools(struct image *image, struct arena *arena, const struct config *config,
                     struct error *error)
{
    size_t count;
    const struct tool *tools = tools_wanted(arena, config, &count);
    for (size_t i = 0; i < count; i++) {
        char found[PATH_MAX];
        int code =
            find_program(image, strrchr(tools[i].path, '/') + 1, tools[i].package, found, error);
        if (code == 0)
            code = image_add_program(image, tools[i].path, found, error);
        if (code < 0)
            return error_prefix(error, "the volume at %s", origin_line(arena, tools[i].origin));
    }
    return 0;
}

static int add_shell(struct image *image, struct arena *arena, const struct config *config,
                     struct error *error)
{
    char found[PATH_MAX];
    if (strcmp(config->rescue.shell, "no") == 0)
        return 0;
    int code = find_program(image, "busybox", "busybox-static", found, error);
    if (code == 0)
        code = image_add_program(image, "/bin/busybox", found, error);
    return code < 0
               ? error_prefix(error, "the shell at %s", origin_line(arena, config->rescue.origin))
               : 0;
}

static int add_luks_file(struct image *image, struct arena *arena, const struct luks *luks,
                         const struct luks_file *file, struct error *error)
{
    if (!file->path)
        return 0;
    int code = image_add_file(image, file->path, file->path, 0600, error);
    return code < 0 ? error_prefix(error, "the container at %s", origin_line(arena, luks->origin))
                    : 0;
}

static int add_keys(struct image *image, struct arena *arena, const struct config *config,
                    struct error *error)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < config->volume_count; i++) {
        const struct luks *luks = config->volumes[i]->luks;
        if (luks)
            code = add_luks_file(image, arena, luks, &luks->key, error);
        if (luks && code == 0)
            code = add_luks_file(image, arena, luks, &luks->header, error);
    }
    return code;
}

static int add_keymap(struct image *image, struct arena *arena, const struct config *config,
                      struct error *error)
{
    const char *data;
    size_t length;
    int code = keymap_make(arena, &config->keymap, image_root(image), &data, &length, error);
    return code < 0 || length == 0
               ? code
               : image_add_bytes(image, "/etc/ebb/keymap", data, length, 0644, error);
}

/* By this file programs of systemd, which a hook may run, know where they are. */
static int add_release(struct image *image, struct error *error)
{
    static const char text[] = "NAME=Ebb\nID=ebb\nPRETTY_NAME=\"Ebb, the initramfs\"\n";
    return image_add_bytes(image, "/etc/initrd-release", text, strlen(text), 0644, error);
}

/* Most modules name more than a machine has; the kernel unpacks it by itself. */
static int add_firmware(struct image *image, struct arena *arena, const char *name,
                        struct error *error)
{
    static const char *const endings[] = {"", ".zst", ".xz"};
    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
        const char *path = arena_printf(arena, "/lib/firmware/%s%s", name, endings[i]);
        const char *source = arena_printf(arena, "%s%s", image_root(image), path);
        if (access(source, R_OK) == 0)
            return image_add_file(image, path, source, 0644, error);
    }
    return 0;
}

static int add_modules(struct image *image, struct arena *arena,
                       const struct build_request *request, struct error *error)
{
    struct module_request wanted = {.root = image_root(image),
                                    .kernel = request->kernel,
                                    .sysfs = "/sys",
                                    .universal = request->universal};
    struct module_set set = {0};
    struct index_file *index = NULL;
    size_t index_count = 0;
    wanted.names = modules_wanted(arena, request->config, &wanted.name_count);
    wanted.useful = modules_useful(arena, request->config, &wanted.useful_count);
    int code = module_set_make(arena, &wanted, &set, error);
    for (size_t i = 0; code == 0 && i < set.count; i++) {
        const char *path = set.modules[i].path;
        code = image_add_module(
            image, arena_printf(arena, "%s/%s/%s", modules_root, request->kernel, path),
            arena_printf(arena, "%s/%s", set.folder, path), error);
    }
    if (code == 0)
        code = module_set_index(arena, &set, &index, &index_count, error);
    for (size_t i = 0; code == 0 && i < index_count; i++)
        code = image_add_bytes(
            image, arena_printf(arena, "%s/%s/%s", modules_root, request->kernel, index[i].name),
            index[i].data, index[i].length, 0644, error);
    for (size_t i = 0; code == 0 && i < set.firmware_count; i++) {
        code = add_firmware(image, arena, set.firmware[i], error);
    }
    return code;
}

struct progress {
    const char *output;
    size_t shown; /* percent */
};

static void show_progress(void *context, size_t done, size_t total)
{
    struct progress *progress = context;
    size_t percent = total ? done * 100 / total : 100;
    if (done == total)
        fputs("\r\033[K", stderr); /* the line is for waiting only */
    else if (percent != progress->shown)
        fprintf(stderr, "\r%s: %zu%%", progress->output, percent);
    progress->shown = percent;
}

static int write_image(struct image *image, struct arena *arena,
                       const struct build_request *request, struct error *error)
{
    struct progress progress = {request->output, 0};
    image_progress *show = request->progress ? show_progress : NULL;
    const char *initramfs = NULL;
    const void *made = NULL;
    size_t length = 0;
    if (!request->uki)
        return image_write(image, request->output, show, &progress, error);
    if (image_pack(image, show, &progress, &initramfs, &length, error) < 0 ||
        uki_make(arena, request->uki, initramfs, length, &made, &length, error) < 0)
        return -error->code;
    return output_write(request->output, made, length, error);
}

int build_image(const struct build_request *request, struct error *error)
{
    auto_arena arena = arena_new();
    auto_image image = image_new();
    image_set_root(image, request->root ? request->root : "");
    int code = image_add_file(image, "/init", request->init_program, 0755, error);
    if (code == 0)
        code = add_release(image, error);
    if (code == 0)
        code = add_config(image, arena, request->config, error);
    if (code == 0)
        code = add_hooks(image, arena, request->config, error);
    if (code == 0)
        code = add_tools(image, arena, request->config, error);
    if (code == 0)
        code = add_shell(image, arena, request->config, error);
    if (code == 0)
        code = add_keys(image, arena, request->config, error);
    if (code == 0)
        code = add_keymap(image, arena, request->config, error);
    if (code == 0)
        code = add_modules(image, arena, request, error);
    return code < 0 ? code : write_image(image, arena, request, error);
}
