/* The part of `make bench` that sets entries beside what they replace: the same binds as mount
 * units of systemd, in one boot of a Debian. Both find what they bind in place, and make the mount
 * points. */

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "qemu-tests/scene.h"

enum { ENTRIES = 100, ROUNDS = 3 };

static const char *configuration(struct arena *arena)
{
    const char *text = SCENE_STATE "root tmpfs size=50%\npersist state:/persist {\n";
    for (int i = 0; i < ENTRIES; i++)
        text = arena_printf(arena, "%s    dir /srv/entry/%d\n", text, i);
    return arena_printf(arena, "%s}\n%s", text, SCENE_REST);
}

/* What PID 1 took for the binds of this boot, in microseconds. */
static int64_t time_of_entries(struct scene *scene)
{
    struct json_object *status =
        json_tokener_parse(scene_run(scene, "tr -d '\\n' < /run/ebb/status.json"));
    struct json_object *steps = json_object_object_get(status, "steps");
    int64_t sum = 0;
    int count = 0;
    for (size_t i = 0; i < json_object_array_length(steps); i++) {
        struct json_object *step = json_object_array_get_idx(steps, i);
        const char *target = json_object_get_string(json_object_object_get(step, "target"));
        if (!target || strncmp(target, "/srv/entry/", strlen("/srv/entry/")) != 0)
            continue;
        sum += json_object_get_int64(json_object_object_get(step, "microseconds"));
        count++;
    }
    json_object_put(status);
    assert_int_equal(count, ENTRIES);
    return sum;
}

/* The same folders, below /srv/unit, and a target that wants them all. */
static void make_units(struct scene *scene)
{
    scene_run(scene,
              arena_printf(
                  scene->arena,
                  "cd /run/systemd/system && echo '[Unit]' > bench.target && i=0 &&"
                  "while [ $i -lt %d ]; do u=srv-unit-$i.mount &&"
                  "printf 'Requires=%%s\\nAfter=%%s\\n' $u $u >> bench.target &&"
                  "printf '[Mount]\\nWhat=/persist/persist/srv/entry/%%s\\nWhere=/srv/unit/%%s\\n"
                  "Type=none\\nOptions=bind\\n' $i $i > $u && i=$((i + 1)) || exit 1; done",
                  ENTRIES));
}

static int64_t time_of_command(struct scene *scene, const char *command)
{
    return strtoll(scene_run(scene, arena_printf(scene->arena,
                                                 "s=$(date +%%s%%N) && %s && e=$(date +%%s%%N) &&"
                                                 "echo $(((e - s) / 1000))",
                                                 command)),
                   NULL, 10);
}

static void entries_beside_units(void **state)
{
    (void)state; /* nothing is shared */
    auto_arena arena = arena_new();
    struct scene *scene = scene_new("bench-units", configuration(arena));
    scene->setup.tree = "build/demo/debian";
    scene_make(scene);
    scene_boot(scene); /* which makes what the next boots bind */
    puts("100 entries beside the same 100 binds as mount units of systemd, in one boot:");
    for (int i = 0; i < ROUNDS; i++) {
        scene_reboot(scene);
        double ebb = (double)time_of_entries(scene) / ENTRIES;
        make_units(scene);
        double reload = (double)time_of_command(scene, "systemctl daemon-reload") / ENTRIES;
        double start = (double)time_of_command(scene, "systemctl start bench.target") / ENTRIES;
        assert_string_equal(scene_run(scene, "grep -c ' /srv/unit/' /proc/self/mountinfo"),
                            arena_printf(arena, "%d", ENTRIES));
        printf("  ebb %.0f us each, systemd %.0f us to start and %.0f to load; ratio %.3f without "
               "the loading\n",
               ebb, start, reload, ebb / start);
    }
    scene_end(scene);
}

int main(void)
{
    if (system("examples/debian-tree build/demo/debian") != 0) { /* NOLINT(cert-env33-c): ours */
        fputs("bench: without a Debian tree, entries are not set beside mount units\n", stderr);
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(entries_beside_units)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
