/* Boots that cannot succeed. Each ends on a rescue screen that names the object, the reason and the
 * remedy, the machine does what the declaration says, and nothing on the volume is lost. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/copy.h"
#include "base/path.h"
#include "generations/make.h"
#include "qemu-tests/scene.h"
#include "vm/disk.h"
#include "vm/run.h"
#include "vm/tree.h"

#define STATE_UUID "5ce0e000-0000-4000-8000-00000000000a"
#define ROOT "root tmpfs size=50%\n"
#define PERSIST                                                                                    \
    "persist state:/persist {\n"                                                                   \
    "    dir  /srv/data\n"                                                                         \
    "    dir  /var/spool/queue\n"                                                                  \
    "    file /etc/adjtime\n"                                                                      \
    "}\n"
#define KEPT "/persist/srv/data/precious"

/* The volume of all cases, made once; each case gets a copy, and spoils it. */
static const char *base;

static int open_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("cannot open \"%s\"", path);
    return fd;
}

static void put(int folder, const char *path, const char *text, mode_t mode)
{
    struct error error;
    const char *name;
    auto_fd parent = -1;
    if (path_make_parent(folder, path, &parent, &name, &error) < 0 ||
        path_write(folder, path, text, strlen(text), mode, &error) < 0)
        fail_msg("%s", error.text);
}

enum { GOOD = 1, CUT_OFF, WITHOUT_INIT, NOT_EXECUTABLE, WITHOUT_INTERPRETER, LARGE };

/* A generation with one file, or none. */
static void add_generation(int volume, unsigned number, const char *path, const char *text,
                           mode_t mode)
{
    struct error error;
    auto_fd tree = -1;
    unsigned made;
    if (generation_prepare(volume, "/generations", &(struct generation_facts){0}, &tree, &error) <
        0)
        fail_msg("%s", error.text);
    if (path)
        put(tree, path, text, mode);
    if (generation_commit(volume, "/generations", &made, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(made, number);
}

static void fill(int volume)
{
    struct error error;
    static char large[2 << 20];
    const struct store_request store = {
        .identity = "the-right-one", .generations = "/generations", .tree = -1};
    unsigned number;
    memset(large, 'x', sizeof(large) - 1);
    if (store_make(volume, &store, &number, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(number, GOOD);
    add_generation(volume, CUT_OFF, NULL, NULL, 0);
    put(volume, "generations/2/generation.json", "{ \"format\": 1, \"lab", 0644);
    add_generation(volume, WITHOUT_INIT, NULL, NULL, 0);
    add_generation(volume, NOT_EXECUTABLE, "sbin/init", "#!/bin/sh\n", 0644);
    add_generation(volume, WITHOUT_INTERPRETER, "sbin/init", "#!/opt/bin/shell -e\n", 0755);
    add_generation(volume, LARGE, "var/lib/large", large, 0644);
    put(volume, KEPT + 1, "precious\n", 0644);
    put(volume, "persist/var/spool/queue/1", "queued\n", 0644);
    put(volume, "persist/etc/adjtime", "adjusted\n", 0644);
    assert_int_equal(mkdirat(volume, "empty", 0755), 0);
}

static int make_base(void **state)
{
    (void)state; /* the cases have their own */
    struct error error;
    struct scene *scene = scene_new("rescue", SCENE_STATE ROOT PERSIST SCENE_REST);
    const char *tree = arena_printf(scene->arena, "%s/tree", scene->folder);
    const char *stage = arena_printf(scene->arena, "%s/stage", scene->folder);
    base = arena_printf(scene->arena, "%s/base", scene->folder);
    if (mkdir(stage, 0755) < 0 || mkdir(base, 0755) < 0)
        fail_msg("cannot make folders in \"%s\"", scene->folder);
    auto_fd volume = open_folder(stage);
    fill(volume);
    const struct graft graft = {tree, "generations/1/tree"};
    const struct disk disk = {.path = arena_printf(scene->arena, "%s/state.img", base),
                              .uuid = STATE_UUID,
                              .label = "EBB",
                              .content = stage,
                              .grafts = &graft,
                              .graft_count = 1};
    if (tree_make(tree, scene->config, &error) < 0 || disk_make(&disk, &error) < 0)
        fail_msg("%s", error.text);
    return 0;
}

/* What e2fsprogs say about an image; any complaint is ours. */
static char *ask(const char *const arguments[], const char *input)
{
    struct error error;
    const struct run run = {.arguments = arguments, .package = "e2fsprogs", .input = input};
    auto_output output = {0};
    if (run_program(&run, &output, &error) < 0)
        fail_msg("%s", error.text);
    const char *said = strchr(output.messages, '\n'); /* behind the banner */
    if (said && said[1])
        fail_msg("%s:\n%s", arguments[0], output.messages);
    return TAKE_PTR(output.text);
}

static void spoil(const char *image, const char *commands)
{
    const char *const arguments[] = {"debugfs", "-w", "-f", "/dev/stdin", image, NULL};
    free(ask(arguments, commands));
}

/* What was on the volume is there, and nothing needs to be recovered. */
static void expect_kept(const char *image)
{
    struct error error;
    auto_string text = NULL;
    const char *const header[] = {"dumpe2fs", "-h", image, NULL};
    const char *const check[] = {"e2fsck", "-fn", image, NULL};
    if (disk_read(image, KEPT, &text, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(text, "precious\n");
    auto_string facts = ask(header, NULL);
    if (strstr(facts, "needs_recovery"))
        fail_msg("the file system was not ended cleanly");
    free(ask(check, NULL));
}

/* What differs from a boot that would succeed. NULL: as usual. */
struct wrong {
    const char *name;
    const char *volume, *root, *more, *rest; /* of the configuration */
    const char *append;
    const char *spoil;    /* commands for debugfs */
    const char *foreign;  /* a file system of this type takes the place of the volume */
    const char *sentence; /* on the screen, word for word */
    const char *also;     /* on the serial line */
};

static const struct wrong wrongs[] = {
    {.name = "volume-missing",
     .volume = "volume state UUID=00000000-dead-4000-8000-000000000000 timeout=1s {\n    fs ext4\n"
               "}\n",
     .sentence = "UUID=00000000-dead-4000-8000-000000000000, the volume \"state\", did not appear"
                 " within 1 s; correct its tag, attach the disk, or add its driver with `module "
                 "NAME`",
     .also = "/dev/vda ext4 UUID=" STATE_UUID " LABEL=EBB\r\n"},
};

static struct scene *prepare(const struct wrong *wrong)
{
    struct error error;
    struct arena *arena = arena_new();
    const char *text =
        arena_printf(arena, "%s%s" PERSIST "%s%s", wrong->volume ? wrong->volume : SCENE_STATE,
                     wrong->root ? wrong->root : ROOT, wrong->more ? wrong->more : "",
                     wrong->rest ? wrong->rest : "generations state:/generations default=1\n"
                                                 "rescue reboot after=1s\n");
    struct scene *scene = scene_new(arena_printf(arena, "rescue-%s", wrong->name), text);
    arena_free(arena);
    struct scratch_given *given = arena_alloc(scene->arena, sizeof(*given));
    *given = (struct scratch_given){"state",
                                    arena_printf(scene->arena, "%s/state.img", scene->folder)};
    scene->setup.given = given;
    scene->setup.given_count = 1;
    scene->setup.append = wrong->append;
    auto_fd from = open_folder(base), to = open_folder(scene->folder);
    const struct disk foreign = {.path = given->path, .fs_type = wrong->foreign, .label = "EBB"};
    if ((wrong->foreign ? disk_make(&foreign, &error) : copy_named(from, to, "state.img", &error)) <
        0)
        fail_msg("%s", error.text);
    if (wrong->spoil)
        spoil(given->path, wrong->spoil);
    scene_make(scene);
    return scene;
}

static void ends_on_the_rescue_screen(void **state)
{
    const struct wrong *wrong = *state;
    struct scene *scene = prepare(wrong);
    scene_expect_rescue(scene, wrong->sentence);
    if (!wrong->foreign)
        expect_kept(scene->disks[0].path);
    scene_end(scene);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LENGTH(wrongs)];
    for (size_t i = 0; i < ARRAY_LENGTH(wrongs); i++)
        tests[i] = (struct CMUnitTest){.name = wrongs[i].name,
                                       .test_func = ends_on_the_rescue_screen,
                                       .initial_state = (void *)&wrongs[i]};
    return cmocka_run_group_tests(tests, make_base, NULL);
}
