/* The power fails while an entry begins as a copy of the generation: what is lost is what was not
 * on the disk yet. Wherever it was, the next boot has the whole of it. */

#include "base/testdata/shell.h"

#include "qemu-tests/scene.h"
#include "vm/tree.h"

#define CONFIGURATION(fs)                                                                          \
    "volume state UUID=5ce0e000-0000-4000-8000-00000000000a { fs " fs "; mount /persist; }\n"      \
    "root overlay\npersist state:/persist { dir /var/lib/big; dir /var/lib/next; }\n" SCENE_REST
#define LINE(name) "ebb: bind state:/persist/var/lib/" name

enum { PATIENCE = 180000, MOMENT = 1000 /* microseconds */ };

/* 2000 files of 16 MiB in all, in a few folders. */
static void make_tree(struct scene *scene)
{
    struct error error;
    const char *tree = arena_printf(scene->arena, "%s/with-files", scene->folder);
    if (tree_make(tree, scene->config, &error) < 0)
        fail_msg("%s", error.text);
    must_run(
        "mkdir -p %s/var/lib/big && cd %s/var/lib/big && for i in 1 2 3 4 5; do"
        "    mkdir -p $i/in && head -c 3300K /dev/urandom | split -a 3 -b 8400 - $i/in/ || exit 1;"
        "done; ln 1/in/aaa 2/hard && ln -s in/aaa 3/soft && chmod 600 4/in/aab && "
        "chmod 2750 5 && : > 5/empty",
        tree, tree);
    scene->setup.tree = tree;
}

/* What the machine wrote to its disk in this boot: the most that any layer of QEMU tells of. */
static unsigned long long written(struct scene *scene)
{
    static const char key[] = "\"wr_bytes\":";
    struct error error;
    auto_string answer = NULL;
    if (vm_qmp(scene->vm, "{\"execute\": \"query-blockstats\"}", &answer, &error) < 0)
        fail_msg("%s", error.text);
    unsigned long long most = 0;
    for (const char *at = answer; (at = strstr(at, key)); at++) {
        unsigned long long bytes = strtoull(at + strlen(key), NULL, 10);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* Until so much of the copy is on the disk, or all of it. */
static void cut_after(struct scene *scene, unsigned long long amount)
{
    unsigned long long before, now;
    scene_wait(scene, LINE("big"));
    before = now = written(scene);
    bool over = false;
    while (!over && now - before < amount) {
        usleep(MOMENT);
        now = written(scene);
        over = strstr(vm_serial_of_boot(scene->vm), LINE("next"));
    }
    vm_power_cut(scene->vm);
    print_message("cut off after %llu KiB, %s\n", (now - before) >> 10,
                  over ? "behind the copy" : "in the copy");
}

/* Another file that is written down makes the file system write down all names and sizes that it
 * has heard of, though not what is in the files. */
static void cut_when_up(struct scene *scene)
{
    scene_boot(scene);
    scene_run(scene, "dd if=/dev/zero of=/persist/note bs=1 count=1 conv=fsync");
    vm_power_cut(scene->vm);
    print_message("cut off when the system was up\n");
}

#define BIG "/persist/persist/var/lib/big"
#define LIST                                                                                       \
    "find . -type d -exec stat -c '%n %a %u:%g' {} + -o -exec stat -c '%n %a %u:%g %h %s %Y' {} +"

/* The whole of it is there; then it is taken away, to begin again. */
static void check(struct scene *scene)
{
    scene_run(scene,
              "cd /persist/generations/1/tree/var/lib/big && " LIST " | sort > /tmp/wanted;"
              "cd /var/lib/big && " LIST " | sort | cmp - /tmp/wanted &&"
              "diff -r . /persist/generations/1/tree/var/lib/big && "
              "test $(wc -l < /tmp/wanted) -gt 2000 && grep -q ' /var/lib/big ' /proc/mounts &&"
              "test \"$(ls -A /persist/persist/var/lib | tr '\\n' ' ')\" = 'big next ' && "
              "mv " BIG " /persist/gone && rm -r /persist/gone && sync");
}

static void cut(const char *name, const char *configuration, const unsigned long long *amounts,
                size_t count)
{
    struct scene *scene = scene_new(name, configuration);
    make_tree(scene);
    scene->setup.append = "ebb.debug";
    scene_make(scene);
    scene->request.timeout = PATIENCE;
    for (size_t i = 0; i < count; i++) {
        scene_start(scene);
        if (amounts[i])
            cut_after(scene, amounts[i]);
        else
            cut_when_up(scene);
        scene_boot(scene);
        check(scene);
        vm_power_cut(scene->vm);
    }
    scene_end(scene);
}

static void on_ext4(void **state)
{
    (void)state; /* one scene */
    static const unsigned long long amounts[] = {1 << 20, 14 << 20, 0};
    cut("seeding-ext4", CONFIGURATION("ext4"), amounts, ARRAY_LENGTH(amounts));
}

/* A copy shares the data of the original: little is written. */
static void on_btrfs(void **state)
{
    (void)state; /* one scene */
    static const unsigned long long amounts[] = {64 << 10};
    cut("seeding-btrfs", CONFIGURATION("btrfs"), amounts, ARRAY_LENGTH(amounts));
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_ext4),
        cmocka_unit_test(on_btrfs),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
