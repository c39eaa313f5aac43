/* `make bench`: how long PID 1 takes from its first instruction to the real init, beside a floor
 * that loads the same modules, unlocks, mounts and executes; how that grows with the volumes; how
 * large the image is, and how fast it is built. One run measures all alternately, because machines
 * are noisy and only ratios mean something. */

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/run.h"
#include "image/build.h"
#include "image/image.h"
#include "plan/make.h"
#include "qemu-tests/bench_must.h"
#include "qemu-tests/scene.h"
#include "vm/kernel.h"
#include "vm/tree.h"

enum { ROUNDS = 7, GROWTH_ROUNDS = 3 };

#define REST "root tmpfs size=512M\n" SCENE_REST

/* Tells what the boot left behind, and ends the machine. */
static const char init[] = "#!/bin/sh\n"
                           "exec > /dev/console 2>&1\n"
                           "echo; echo 'status:'; cat /run/ebb/status.json | tr -d '\\n'; echo\n"
                           "sed 's/^\\([^ ]*\\).*/loaded \\1/' /proc/modules\n"
                           "echo the end; sync; poweroff -f\n";

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Boots until the machine ends itself; what the serial line said belongs to the arena. */
static const char *boot(struct scene *scene, const char *image)
{
    struct error error;
    auto_vm vm = NULL;
    struct vm_request request = scene->request;
    request.image = image;
    request.snapshot = true;
    must(vm_start(&request, &vm, &error), &error);
    must(vm_wait_end(vm, &error), &error);
    return arena_string(scene->arena, vm_serial(vm));
}

/* The names of the modules that are loaded at the end, the first one first. */
static const char **loaded(struct scene *scene, const char *serial, size_t *count)
{
    const char **names = NULL;
    *count = 0;
    for (const char *line = serial; (line = strstr(line, "\nloaded ")); line++) {
        const char *name = line + strlen("\nloaded ");
        *ARENA_PUSH(scene->arena, names, *count) =
            arena_copy(scene->arena, name, strcspn(name, "\r\n"));
    }
    for (size_t i = 0; i < *count / 2; i++) { /* /proc/modules begins with the newest */
        const char *last = names[*count - 1 - i];
        names[*count - 1 - i] = names[i];
        names[i] = last;
    }
    return names;
}

/* Where a module is: names and files differ in "-" and "_". */
static const char *module_file(struct arena *arena, const char *kernel, const char *name)
{
    char pattern[256];
    snprintf(pattern, sizeof(pattern), "find /lib/modules/%s -name '%s.ko*'", kernel, name);
    for (char *at = strchr(pattern, '\''); *at && *at != '.'; at++)
        if (*at == '_')
            *at = '?';
    FILE *found = popen(pattern, "r");
    char path[512] = "";
    if (found && fgets(path, sizeof(path), found))
        path[strcspn(path, "\n")] = '\0';
    if (found)
        pclose(found);
    return arena_string(arena, path);
}

static const char *make_floor(struct scene *scene, const char *kernel, const char *serial,
                              const char *key)
{
    struct error error;
    size_t count;
    auto_image image = image_new();
    const char **names = loaded(scene, serial, &count), *list = "";
    must(image_add_program(image, "/init", "build/qemu-tests/floor", &error), &error);
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(scene->arena, "/%s.ko", names[i]);
        must(image_add_module(image, path, module_file(scene->arena, kernel, names[i]), &error),
             &error);
        list = arena_printf(scene->arena, "%s%s\n", list, path);
    }
    must(image_add_bytes(image, "/modules", list, strlen(list), 0644, &error), &error);
    if (key)
        must(image_add_file(image, "/key", key, 0600, &error), &error);
    static const char *const folders[] = {"/proc", "/sys", "/run", "/volume", "/sysroot"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
        must(image_add_folder(image, folders[i], 0755, &error), &error);
    const char *output = arena_printf(scene->arena, "%s/floor-image", scene->folder);
    must(image_write(image, output, NULL, NULL, &error), &error);
    printf("  both load the same %zu modules\n", count);
    return output;
}

static double floor_seconds(const char *serial)
{
    const char *told = strstr(serial, "floor: ");
    if (!told || strstr(serial, "floor: cannot")) {
        fprintf(stderr, "bench: the floor did not boot:\n%s\n", serial);
        exit(1);
    }
    return strtod(told + strlen("floor: "), NULL) / 1e6;
}

static struct json_object *status_of(const char *serial)
{
    const char *told = strstr(serial, "status:");
    struct json_object *status = told ? json_tokener_parse(strchr(told, '{')) : NULL;
    if (!status) {
        fprintf(stderr, "bench: PID 1 did not boot:\n%s\n", serial);
        exit(1);
    }
    return status;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print_steps(struct json_object *status)
{
    struct json_object *steps = json_object_object_get(status, "steps");
    for (size_t i = 0; i < json_object_array_length(steps); i++) {
        struct json_object *step = json_object_array_get_idx(steps, i);
        printf("  %8.1f ms  %s\n",
               (double)json_object_get_int64(json_object_object_get(step, "microseconds")) / 1e3,
               json_object_get_string(json_object_object_get(step, "step")));
    }
}

static double seconds_of(struct json_object *status)
{
    return (double)json_object_get_int64(json_object_object_get(status, "microseconds")) / 1e6;
}

static void measure_boots(struct scene *scene, const char *image, const char *floor_image)
{
    double ebb[ROUNDS], floor[ROUNDS];
    struct json_object *boots[ROUNDS], *fastest = NULL;
    for (int i = 0; i < ROUNDS; i++) {
        floor[i] = floor_seconds(boot(scene, floor_image));
        boots[i] = status_of(boot(scene, image));
        ebb[i] = seconds_of(boots[i]);
        printf("  round %d: floor %.3f s, ebb %.3f s\n", i + 1, floor[i], ebb[i]);
        if (!fastest || ebb[i] < seconds_of(fastest))
            fastest = boots[i];
    }
    qsort(ebb, ROUNDS, sizeof(*ebb), ascending);
    qsort(floor, ROUNDS, sizeof(*floor), ascending);
    printf(
        "  from PID 1 to the real init: floor %.3f s, ebb %.3f s (median; least %.3f and %.3f)\n",
        floor[ROUNDS / 2], ebb[ROUNDS / 2], floor[0], ebb[0]);
    printf("  ratio: %.2f of medians, %.2f of the least; the limit is 1.3\n",
           ebb[ROUNDS / 2] / floor[ROUNDS / 2], ebb[0] / floor[0]);
    puts("  the steps of the fastest boot:");
    print_steps(fastest);
    for (int i = 0; i < ROUNDS; i++)
        json_object_put(boots[i]);
}

/* The image without the agent, as it would go onto a machine. */
static void measure_build(struct scene *scene, const char *kernel, const char *image, int limit)
{
    struct error error;
    struct stat status;
    struct report report = {.arena = scene->arena};
    auto_config config =
        config_load(arena_printf(scene->arena, "%s/ebb.conf", scene->folder), NULL, &report);
    config_check(config, &report);
    const struct build_request request = {
        .config = config, .kernel = kernel, .init_program = scene->setup.init, .output = image};
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        double start = now();
        must(build_image(&request, &error), &error);
        best = now() - start < best ? now() - start : best;
    }
    must(stat(image, &status) == 0 ? 0 : error_system(&error, errno, "%s", image), &error);
    printf("  image: %.2f MiB (the limit is %d), built in %.2f s warm (the limit is 1)\n",
           (double)status.st_size / (1 << 20), limit, best);
}

static struct scene *make_scene(const char *name, const char *configuration)
{
    struct error error;
    struct scene *scene = scene_new(name, configuration);
    const char *tree = arena_printf(scene->arena, "%s/bench-tree", scene->folder);
    must(tree_make(tree, scene->config, &error), &error);
    must(path_write(AT_FDCWD, arena_printf(scene->arena, "%s/usr/bin/bench-init", tree), init,
                    strlen(init), 0755, &error),
         &error);
    scene->setup.tree = tree;
    scene->setup.append = "init=/usr/bin/bench-init quiet";
    scene_make(scene);
    return scene;
}

static void measure(struct scene *scene, const char *kernel, const char *key)
{
    const char *image = arena_printf(scene->arena, "%s/bench-image", scene->folder);
    measure_build(scene, kernel, image, key ? 4 : 3);
    const char *first = boot(scene, image);
    json_object_put(status_of(first));
    measure_boots(scene, image, make_floor(scene, kernel, first, key));
}

static void measure_plain(const char *kernel)
{
    puts("one volume, ext4:");
    struct scene *scene = make_scene("bench", SCENE_STATE REST);
    measure(scene, kernel, NULL);
    scene_end(scene);
}

/* The one slot that is left costs next to nothing to derive: what is measured is the rest. */
static void make_cheap(const struct scene *scene, const char *key)
{
    struct error error;
    const char *image = scene->disks[0].path;
    const char *const kill[] = {
        "cryptsetup", "luksKillSlot", "--batch-mode", "--key-file", key, image, "0", NULL};
    const char *const convert[] = {
        "cryptsetup", "luksConvertKey",           "--batch-mode", "--key-file", key, "--pbkdf",
        "pbkdf2",     "--pbkdf-force-iterations", "1000",         image,        NULL};
    must(run_program(&(struct run){.arguments = kill, .package = "cryptsetup-bin"}, NULL, &error),
         &error);
    must(
        run_program(&(struct run){.arguments = convert, .package = "cryptsetup-bin"}, NULL, &error),
        &error);
}

static void measure_luks(const char *kernel)
{
    struct error error;
    static const char key[] = "build/qemu/bench-key", bytes[] = "a key that is not secret";
    must(path_write(AT_FDCWD, key, bytes, strlen(bytes), 0600, &error), &error);
    auto_string path = realpath(key, NULL);
    auto_arena arena = arena_new();
    puts("one volume, ext4 in LUKS2, its key in the image, 1000 rounds of PBKDF2:");
    struct scene *scene = make_scene(
        "bench-luks", arena_printf(arena,
                                   "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n"
                                   "    luks keyfile=%s\n    fs ext4\n    mount /persist\n}\n%s",
                                   path, REST));
    make_cheap(scene, path);
    measure(scene, kernel, path);
    scene_end(scene);
}

static void measure_growth(void)
{
    static const size_t counts[] = {1, 4, 16};
    puts("from PID 1 to the real init with more volumes, ext4 on virtio:");
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        double seconds[GROWTH_ROUNDS];
        auto_arena arena = arena_new();
        char *configuration = arena_string(arena, SCENE_STATE REST);
        for (size_t j = 1; j < counts[i]; j++)
            configuration = arena_printf(
                arena, "%svolume v%zu LABEL=v%zu {\n    fs ext4\n    mount /srv/v%zu\n}\n",
                configuration, j, j, j);
        struct scene *scene = make_scene("bench-growth", configuration);
        for (int j = 0; j < GROWTH_ROUNDS; j++) {
            struct json_object *status = status_of(boot(scene, scene->request.image));
            seconds[j] = seconds_of(status);
            json_object_put(status);
        }
        qsort(seconds, GROWTH_ROUNDS, sizeof(*seconds), ascending);
        printf("  %2zu: %.3f s (median; least %.3f)\n", counts[i], seconds[GROWTH_ROUNDS / 2],
               seconds[0]);
        scene_end(scene);
    }
}

int main(void)
{
    struct error error;
    struct kernel kernel;
    auto_arena arena = arena_new();
    must(kernel_find(arena, NULL, &kernel, &error), &error);
    measure_plain(kernel.version);
    measure_luks(kernel.version);
    measure_growth();
    return 0;
}
