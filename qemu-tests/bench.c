/* `make bench`: how long PID 1 takes from its first instruction to the real init, beside a floor
 * that loads the same modules, mounts and executes; how large the image is, and how fast it is
 * built. One run measures both alternately, because machines are noisy and only ratios mean
 * something. */

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
#include "image/build.h"
#include "image/image.h"
#include "plan/make.h"
#include "qemu-tests/scene.h"
#include "vm/kernel.h"
#include "vm/tree.h"

enum { ROUNDS = 7 };

static const char configuration[] = SCENE_STATE "root tmpfs size=50%\n" SCENE_REST;

/* Tells what the boot left behind, and ends the machine. */
static const char init[] = "#!/bin/sh\n"
                           "exec > /dev/console 2>&1\n"
                           "echo; echo 'status:'; cat /run/ebb/status.json | tr -d '\\n'; echo\n"
                           "sed 's/^\\([^ ]*\\).*/loaded \\1/' /proc/modules\n"
                           "echo the end; sync; poweroff -f\n";

static void must(int code, const struct error *error)
{
    if (code >= 0)
        return;
    fprintf(stderr, "bench: %s\n", error->text);
    exit(1);
}

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

static const char *make_floor(struct scene *scene, const char *kernel, const char *serial)
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
    static const char *const folders[] = {"/proc", "/sys", "/run", "/volume", "/sysroot"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
        must(image_add_folder(image, folders[i], 0755, &error), &error);
    const char *output = arena_printf(scene->arena, "%s/floor-image", scene->folder);
    must(image_write(image, output, NULL, NULL, &error), &error);
    printf("both load the same %zu modules\n", count);
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
    struct json_object *boots[ROUNDS], *fastest = NULL, *slowest = NULL;
    for (int i = 0; i < ROUNDS; i++) {
        floor[i] = floor_seconds(boot(scene, floor_image));
        boots[i] = status_of(boot(scene, image));
        ebb[i] = seconds_of(boots[i]);
        printf("  round %d: floor %.3f s, ebb %.3f s\n", i + 1, floor[i], ebb[i]);
        if (!fastest || ebb[i] < seconds_of(fastest))
            fastest = boots[i];
        if (!slowest || ebb[i] > seconds_of(slowest))
            slowest = boots[i];
    }
    qsort(ebb, ROUNDS, sizeof(*ebb), ascending);
    qsort(floor, ROUNDS, sizeof(*floor), ascending);
    printf("from PID 1 to the real init: floor %.3f s, ebb %.3f s (median; least %.3f and %.3f)\n",
           floor[ROUNDS / 2], ebb[ROUNDS / 2], floor[0], ebb[0]);
    printf("ratio: %.2f of medians, %.2f of the least; the limit is 1.3\n",
           ebb[ROUNDS / 2] / floor[ROUNDS / 2], ebb[0] / floor[0]);
    puts("the steps of the fastest boot:");
    print_steps(fastest);
    puts("the steps of the slowest boot:");
    print_steps(slowest);
    for (int i = 0; i < ROUNDS; i++)
        json_object_put(boots[i]);
}

/* The image without the agent, as it would go onto a machine. */
static void measure_build(struct scene *scene, const char *kernel, const char *image)
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
    printf("image: %.2f MiB (the limit is 3), built in %.2f s warm (the limit is 1)\n",
           (double)status.st_size / (1 << 20), best);
}

int main(void)
{
    struct error error;
    struct kernel kernel;
    struct scene *scene = scene_new("bench", configuration);
    const char *tree = arena_printf(scene->arena, "%s/bench-tree", scene->folder);
    const char *image = arena_printf(scene->arena, "%s/bench-image", scene->folder);
    must(kernel_find(scene->arena, NULL, &kernel, &error), &error);
    must(tree_make(tree, scene->config, &error), &error);
    must(path_write(AT_FDCWD, arena_printf(scene->arena, "%s/usr/bin/bench-init", tree), init,
                    strlen(init), 0755, &error),
         &error);
    scene->setup.tree = tree;
    scene->setup.append = "init=/usr/bin/bench-init quiet";
    scene_make(scene);
    measure_build(scene, kernel.version, image);
    const char *first = boot(scene, image);
    json_object_put(status_of(first));
    measure_boots(scene, image, make_floor(scene, kernel.version, first));
    scene_end(scene);
    return 0;
}
