/* What `ebb` does to a boot partition and to a state volume, cut off at each of its writes:
 * something whole is booted, each generation is whole or not there, and the record can be read. */

#include "base/testdata/shell.h"

#include "generations/entry.h"
#include "qemu-tests/cuts.h"
#include "qemu-tests/judges.h"
#include "vm/disk.h"

enum { ESP, STATE, DISKS, CHOICES = 3, MANY = 20 };
#define ROOM (48ULL * 1024 * 1024)

#define CONFIG                                                                                     \
    "volume esp LABEL=EBB-ESP { fs vfat; mount /boot/efi; }\n" SCENE_STATE                         \
    "root overlay size=60%\nboot esp:/ options=quiet\n" SCENE_REST

/* The next generation has a kernel and an image of its own. In a store that is named, no entry is
 * made for it yet. */
#define NEW                                                                                        \
    "ebb new --store /persist/generations -- sh -c 'echo more | tee -a /boot/vmlinuz-*; sed -i "   \
    "s/after=1/\\&1/ "                                                                             \
    "/etc/ebb/ebb.conf;"                                                                           \
    "rm -f /etc/hostname; echo new > /etc/marker; ln -f /etc/marker /etc/again'"

struct stage {
    struct scene *scene;
    struct cuts cuts[DISKS];
    struct own_entries entries;
    struct own_generations generations;
};

/* A small one, for it is to be full later. */
static void make(struct stage *stage)
{
    struct error error;
    struct scene *scene = stage->scene = scene_new("cut-verbs", CONFIG);
    struct scratch_given *given = arena_alloc(scene->arena, sizeof(*given));
    *given = (struct scratch_given){"esp", arena_printf(scene->arena, "%s/esp", scene->folder)};
    const struct disk esp = {
        .path = given->path, .size = ROOM, .fs_type = "vfat", .label = "EBB-ESP"};
    if (disk_make(&esp, &error) < 0)
        fail_msg("%s", error.text);
    scene->setup.given = given;
    scene->setup.given_count = 1;
    scene_install_tool(scene);
    /* That of busybox makes no index. */
    must_run("seq 20000 > %s/kernel && cd %s/usr && rm bin/depmod && cp -L /bin/kmod bin/depmod &&"
             "mkdir -p lib/systemd/boot/efi && cd lib/systemd/boot/efi && seq 20000 > "
             "systemd-bootx64.efi && cp systemd-bootx64.efi systemd-bootaa64.efi",
             scene->folder, scene->setup.tree);
    scene_install_kernel(scene, arena_printf(scene->arena, "%s/kernel", scene->folder));
    scene_make(scene);
    stage->generations.arena = scene->arena;
    stage->generations.folder = scene->folder;
}

/* What the machine writes from now on is logged. */
static void begin(struct stage *stage)
{
    for (size_t i = 0; i < DISKS; i++) {
        stage->cuts[i] = (struct cuts){0};
        cuts_log(stage->scene, i, &stage->cuts[i]);
    }
    scene_boot(stage->scene);
    scene_run(stage->scene, "sync");
}

/* Runs it, and remembers which of the writes were its own. */
static struct cuts run(struct stage *stage, size_t disk, const char *command)
{
    struct cuts cuts = stage->cuts[disk];
    cuts.from = cuts_count(&cuts);
    const char *said =
        scene_run(stage->scene, arena_printf(stage->scene->arena, "%s; sync", command));
    cuts.until = cuts_count(&cuts);
    print_message("%zu writes: %s: %s\n", cuts.until - cuts.from, command, said);
    return cuts;
}

static void judge(struct cuts cuts, const char *what, cuts_judge function, void *context)
{
    struct error error;
    cuts.judge = function;
    cuts.context = context;
    if (cuts_check(&cuts, &error) < 0)
        fail_msg("%s: %s", what, error.text);
    print_message("%s: %zu disks\n", what, cuts.judged);
}

static void judge_esp(struct stage *stage, struct cuts cuts, const char *what, bool must_boot)
{
    stage->entries.must_boot = must_boot;
    judge(cuts, what, judge_own, &stage->entries);
    cuts.choices = CHOICES;
    cuts.every = SIZE_MAX;
    judge(cuts, what, judge_own_refuge, &stage->entries);
}

/* What is there at the end of it. */
static void learn(struct stage *stage, struct cuts cuts)
{
    cuts.from = cuts.until;
    judge(cuts, "what is there", judge_learn_generations, &stage->generations);
}

/* It takes its time to look at one, so they are not all seen where there are many. */
static void judge_state(struct stage *stage, struct cuts cuts, const char *what)
{
    cuts.choices = 1;
    cuts.every = cuts.until - cuts.from > MANY ? 2 : 0;
    judge(cuts, what, judge_generations, &stage->generations);
}

/* The first generation is booted. */
static void cut_off_the_first(struct stage *stage)
{
    begin(stage);
    struct cuts install = run(stage, ESP, "ebb boot install");
    stage->entries.token =
        scene_run(stage->scene,
                  "cd /boot/efi/loader/entries && ls | sed -n 's/^ebb-\\(.*\\)-default.*/\\1/p'");
    struct cuts confirm = run(stage, STATE, "ebb confirm");
    struct cuts new = run(stage, STATE, NEW);
    struct cuts sync = run(stage, ESP, "ebb boot sync");
    struct cuts rollback = run(stage, STATE, "ebb rollback 1 && ebb rollback --clear");
    scene_power_off(stage->scene);
    vm_stop(TAKE_PTR(stage->scene->vm));
    judge_esp(stage, install, "ebb boot install", false);
    judge_esp(stage, sync, "ebb boot sync", true);
    learn(stage, new);
    stage->generations.must_be[1] = true;
    judge_state(stage, confirm, "ebb confirm");
    judge_state(stage, new, "ebb new");
    stage->generations.must_be[2] = true;
    judge_state(stage, rollback, "ebb rollback");
}

#define FILES "find /boot/efi -type f -exec cksum {} + | sort"

/* There is no room for what is needed: that is told, and all that is there stays. */
static void fill_it_up(struct scene *scene)
{
    scene_run(scene, "dd if=/dev/zero of=/boot/efi/fill bs=64k; sync");
    const char *before = scene_run(scene, FILES);
    scene_run(scene, NEW " && ebb pin 3"); /* which would make room */
    scene_expect(scene, "ebb boot sync 2>&1 | sed 's/[0-9.]* [KM]*i*B /N /g'",
                 "ebb: the boot partition has N free, and the entries that are needed take N more; "
                 "remove what else is on it, or make it larger");
    scene_expect(scene, FILES, before);
    scene_run(scene, "rm /boot/efi/fill && ebb boot sync && ebb boot status");
}

/* The kernel of the default entry is half there. */
static void cut_a_kernel_short(struct scene *scene)
{
    scene_run(scene, "cd /boot/efi && K=$(sed -n 's,^linux /,,p' loader/entries/*-default.conf) &&"
                     "head -c 1000 $K > /run/short && cat /run/short > $K");
    scene_expect(scene,
                 "ebb boot status | sed -n 's/^.*-default.conf: \\(.*\\)/\\1/p'; "
                 "ebb boot sync > /dev/null; ebb boot status > /dev/null && echo mended",
                 "its kernel has another size\nmended");
}

/* The second one is, and becomes the default; the first one is to go. */
static void cut_off_the_second(struct stage *stage)
{
    begin(stage);
    struct cuts confirm[DISKS] = {[STATE] = stage->cuts[STATE]};
    confirm[STATE].from = cuts_count(&stage->cuts[STATE]);
    confirm[ESP] = run(stage, ESP, "ebb confirm");
    confirm[STATE].until = cuts_count(&stage->cuts[STATE]);
    struct cuts new = run(stage, STATE, NEW);
    struct cuts gc = run(stage, STATE, "ebb gc --keep 1");
    struct cuts sync = run(stage, ESP, "ebb boot sync");
    cut_a_kernel_short(stage->scene);
    fill_it_up(stage->scene);
    scene_power_off(stage->scene);
    vm_stop(TAKE_PTR(stage->scene->vm));
    judge_esp(stage, confirm[ESP], "the entries of ebb confirm", true);
    judge_esp(stage, sync, "ebb boot sync, of what is gone", true);
    learn(stage, new);
    judge_state(stage, confirm[STATE], "ebb confirm");
    judge_state(stage, new, "ebb new");
    stage->generations.must_be[1] = false;
    stage->generations.must_be[3] = true;
    judge_state(stage, gc, "ebb gc");
}

static void all_is_whole(void **state)
{
    (void)state; /* one scene */
    struct stage stage = {0};
    make(&stage);
    cut_off_the_first(&stage);
    cut_off_the_second(&stage);
    scene_end(stage.scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_is_whole)};
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
