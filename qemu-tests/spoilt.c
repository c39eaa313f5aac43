#include "qemu-tests/spoilt.h"

#include "base/testdata/scratch.h"

#include "base/path.h"
#include "base/run.h"
#include "generations/make.h"
#include "vm/disk.h"
#include "vm/tree.h"

const char *spoilt_folder;
static struct scene *base_scene;

void spoilt_put(int folder, const char *path, const void *data, size_t length, mode_t mode)
{
    struct error error;
    const char *name;
    auto_fd parent = -1;
    if (path_make_parent(folder, path, &parent, &name, &error) < 0 ||
        path_write(parent, name, data, length, mode, &error) < 0)
        fail_msg("%s", error.text);
}

/* A generation with one file, or none. */
static void add_generation(int volume, unsigned number, const char *path, const void *data,
                           size_t length, mode_t mode)
{
    struct error error;
    auto_fd store = -1, folder = -1;
    unsigned made;
    if (store_lock(volume, "/generations", &store, &error) < 0 ||
        generation_prepare(store, &(struct generation_facts){0}, &folder, &error) < 0)
        fail_msg("%s", error.text);
    if (path) {
        auto_fd tree = path_open(folder, "tree", O_RDONLY | O_DIRECTORY);
        spoilt_put(tree, path, data, length, mode);
    }
    if (generation_commit(store, &made, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(made, number);
}

static void put_text(int folder, const char *path, const char *text)
{
    spoilt_put(folder, path, text, strlen(text), 0644);
}

/* A program of the host stands for an init that was built for other libraries. */
static void add_dynamic_init(int volume)
{
    struct error error;
    auto_string program = NULL;
    size_t length;
    if (path_read(AT_FDCWD, "/proc/self/exe", 1 << 30, &program, &length, &error) < 0)
        fail_msg("%s", error.text);
    add_generation(volume, WITHOUT_LOADER, "sbin/init", program, length, 0755);
}

static void fill(int volume)
{
    struct error error;
    static char large[2 << 20];
    static const char plain[] = "#!/bin/sh\n", shell[] = "#!/opt/bin/shell -e\n";
    const struct store_request store = {
        .identity = "the-right-one", .generations = "/generations", .tree = -1};
    unsigned number;
    memset(large, 'x', sizeof(large)); /* zeros would be a hole */
    if (store_make(volume, &store, &number, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(number, GOOD);
    add_generation(volume, CUT_OFF, NULL, NULL, 0, 0);
    put_text(volume, "generations/2/generation.json", "{ \"format\": 1, \"lab");
    add_generation(volume, WITHOUT_INIT, NULL, NULL, 0, 0);
    add_generation(volume, NOT_EXECUTABLE, "sbin/init", plain, strlen(plain), 0644);
    add_generation(volume, WITHOUT_SHELL, "sbin/init", shell, strlen(shell), 0755);
    add_dynamic_init(volume);
    add_generation(volume, LARGE, "var/lib/large", large, sizeof(large), 0644);
    put_text(volume, KEPT, "precious\n");
    put_text(volume, "persist/var/spool/queue/1", "queued\n");
    put_text(volume, "persist/etc/adjtime", "adjusted\n");
    put_text(volume, "filler", "");
    assert_int_equal(mkdirat(volume, "empty", 0755), 0);
}

int spoilt_make(void **state)
{
    (void)state; /* the cases have their own */
    struct error error;
    struct scene *scene = scene_new("rescue", SCENE_STATE ROOT PERSIST SCENE_REST);
    const char *tree = arena_printf(scene->arena, "%s/tree", scene->folder);
    const char *stage = arena_printf(scene->arena, "%s/stage", scene->folder);
    spoilt_folder = arena_printf(scene->arena, "%s/base", scene->folder);
    if (mkdir(stage, 0755) < 0 || mkdir(spoilt_folder, 0755) < 0)
        fail_msg("cannot make folders in \"%s\"", scene->folder);
    auto_fd volume = open_folder(stage);
    fill(volume);
    const struct graft graft = {tree, "generations/1/tree"};
    const struct disk disk = {.path = arena_printf(scene->arena, "%s/state.img", spoilt_folder),
                              .uuid = STATE_UUID,
                              .label = "EBB",
                              .content = stage,
                              .grafts = &graft,
                              .graft_count = 1};
    if (tree_make(tree, scene->config, &error) < 0 || disk_make(&disk, &error) < 0)
        fail_msg("%s", error.text);
    base_scene = scene;
    return 0;
}

int spoilt_remove(void **state)
{
    (void)state; /* the cases have their own */
    scene_end(base_scene);
    return 0;
}

/* What a program of e2fsprogs says about an image. */
static char *ask(const char *const arguments[], const char *input, bool may_complain)
{
    struct error error;
    const struct run run = {.arguments = arguments, .package = "e2fsprogs", .input = input};
    auto_output output = {0};
    if (run_program(&run, &output, &error) < 0)
        fail_msg("%s", error.text);
    const char *said = strchr(output.messages, '\n'); /* behind the banner */
    if (said && said[1] && !may_complain)
        fail_msg("%s:\n%s", arguments[0], output.messages);
    return TAKE_PTR(output.text);
}

void spoilt_change(const char *image, const char *commands, bool may_complain)
{
    const char *const arguments[] = {"debugfs", "-w", "-f", "/dev/stdin", image, NULL};
    free(ask(arguments, commands, may_complain));
}

void spoilt_expect_kept(const char *image)
{
    struct error error;
    auto_string text = NULL;
    const char *const header[] = {"dumpe2fs", "-h", image, NULL};
    const char *const check[] = {"e2fsck", "-fn", image, NULL};
    if (disk_read(image, KEPT, &text, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(text, "precious\n");
    auto_string facts = ask(header, NULL, false);
    if (strstr(facts, "needs_recovery"))
        fail_msg("the file system was not ended cleanly");
    free(ask(check, NULL, false));
}
