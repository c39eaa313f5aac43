/* A tree looks the same whatever its shape. */
#include "base/testdata/images.h"

#include "generations/tree.h"

static int look(const char *path, const char *image, struct error *error)
{
    auto_fd here = open_folder(".");
    auto_fd tree = tree_open(here, path, image, error);
    if (tree < 0)
        return tree;
    must_run("test \"$(cd /proc/%d/fd/%d && ls && cat file)\" = \"$(printf 'file\\nusr\\ntext')\"",
             getpid(), tree);
    return 0;
}

static void make(void)
{
    must_run("mkdir -p tree/usr && echo text > tree/file");
    make_images("tree", "tree");
}

/* And nothing of it stays. */
static void test_shapes(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error = {0};
    make();
    assert_outcome("folder", look("tree", NULL, &error), &error, NULL);
    need_loop();
    must_run("cat /proc/self/mountinfo > mounts");
    for (size_t i = 0; i < ARRAY_LENGTH(image_types); i++) {
        char path[32];
        snprintf(path, sizeof(path), "tree.%s", image_types[i]);
        assert_outcome(path, look(path, image_types[i], &error), &error, NULL);
        must_run("test -z \"$(losetup -j %s)\" && cmp mounts /proc/self/mountinfo", path);
    }
}

static void test_failures(void **state)
{
    (void)state; /* as above */
    struct error error = {0};
    make();
    must_run("ln -s tree link && ln -s tree.erofs link.erofs && mkfifo pipe.erofs");
    static const struct {
        const char *path, *image, *message;
    } cases[] = {
        {"none", NULL, "cannot open its tree: No such file or directory"},
        {"link", NULL, "cannot open its tree: Too many levels of symbolic links"},
        {"link.erofs", "erofs", "cannot open its tree: Too many levels of symbolic links"},
        {"tree.erofs", NULL, "cannot open its tree: Not a directory"},
        {"tree.erofs", "squashfs", "its image: it is no image of squashfs; make it anew"},
        {"pipe.erofs", "erofs", "its image: cannot read it: Illegal seek"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_outcome(cases[i].path, look(cases[i].path, cases[i].image, &error), &error,
                       cases[i].message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shapes, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_failures, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
