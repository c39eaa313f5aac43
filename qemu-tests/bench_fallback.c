/* The part of `make bench` that is about falling back: from an init that cannot be executed to the
 * execution of another generation's, in the same boot, beside all the time that PID 1 takes. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"
#include "qemu-tests/bench_must.h"
#include "qemu-tests/scene.h"
#include "vm/tree.h"

enum { ROUNDS = 3 };

/* Makes the generation 2 in the first boot, and tells in the others what PID 1 said when. */
static const char init[] =
    "#!/bin/sh\n"
    "exec > /dev/console 2>&1\n"
    "cd /persist/generations\n"
    "test -e 2 || { cp -a 1 2; sed -i '1s|.*|#!/nowhere/sh|' 2/tree/usr/bin/bench-init; }\n"
    "echo; dmesg | sed -n 's/^\\[ *\\([0-9.]*\\)\\] ebb: /at \\1 /p'\n"
    "echo the end; sync; poweroff -f\n";

static struct scene *make_scene(void)
{
    struct error error;
    struct scene *scene =
        scene_new("bench-fallback", SCENE_STATE "root tmpfs size=512M\n" SCENE_REST);
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

/* Boots until the machine ends itself; what the serial line said belongs to the arena. */
static const char *boot(struct scene *scene, bool snapshot)
{
    struct error error;
    auto_vm vm = NULL;
    scene->request.snapshot = snapshot;
    must(vm_start(&scene->request, &vm, &error), &error);
    must(vm_wait_end(vm, &error), &error);
    return arena_string(scene->arena, vm_serial(vm));
}

/* When the first line was logged that begins so. */
static double time_of(const char *serial, const char *text)
{
    double time = 0;
    int length = 0;
    for (const char *line = serial; (line = strstr(line, "\nat ")); line++)
        if (sscanf(line, "\nat %lf %n", &time, &length) == 1 &&
            strncmp(line + length, text, strlen(text)) == 0)
            return time;
    fprintf(stderr, "bench: PID 1 did not say \"%s\":\n%s\n", text, serial);
    exit(1);
}

int main(void)
{
    double least = 1e9, least_share = 1e9;
    struct scene *scene = make_scene();
    (void)boot(scene, false); /* what it says is of one generation */
    puts("an init whose interpreter is missing, and the generation before:");
    for (int i = 0; i < ROUNDS; i++) {
        const char *serial = boot(scene, true);
        double whole = time_of(serial, "execute ") - time_of(serial, "begin"),
               back = time_of(serial, "execute ") - time_of(serial, "prove that ");
        printf("  round %d: %.1f ms of %.1f ms\n", i + 1, back * 1e3, whole * 1e3);
        least = back < least ? back : least;
        least_share = back / whole < least_share ? back / whole : least_share;
    }
    printf("  from the failure to the execution of the other init: %.1f ms, %.3f of the time of "
           "PID 1 (the least of each)\n",
           least * 1e3, least_share);
    scene_end(scene);
    return 0;
}
