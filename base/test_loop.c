#include "base/testdata/images.h"

#include "base/loop.h"

/* Of more than a block. */
static void make_both(void)
{
    must_run("mkdir -p tree/usr && seq 100000 > tree/usr/big && echo text > tree/file");
    make_images("tree", "i");
}

static int check(const char *name, const char *type, struct error *error)
{
    auto_fd file = open(name, O_RDONLY | O_CLOEXEC);
    return loop_check(file, type, error);
}

static void test_check(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_both();
    must_run("mkdir folder && for type in erofs squashfs; do "
             "head -c 8192 i.$type > half.$type && head -c 100 i.$type > few.$type; done");
    struct error error;
    assert_outcome("erofs", check("i.erofs", "erofs", &error), &error, NULL);
    assert_outcome("squashfs", check("i.squashfs", "squashfs", &error), &error, NULL);
    assert_outcome("other", check("i.erofs", "squashfs", &error), &error,
                   "it is no image of squashfs; make it anew");
    assert_outcome("other", check("i.squashfs", "erofs", &error), &error,
                   "it is no image of erofs; make it anew");
    assert_outcome("few", check("few.erofs", "erofs", &error), &error,
                   "it is no image of erofs; make it anew");
    assert_outcome("folder", check("folder", "erofs", &error), &error,
                   "cannot read it: Is a directory");
    for (size_t i = 0; i < ARRAY_LENGTH(image_types); i++) {
        char name[32];
        snprintf(name, sizeof(name), "half.%s", image_types[i]);
        assert_int_equal(check(name, image_types[i], &error), -EBADMSG);
        assert_non_null(strstr(error.text, "it has 8192 bytes of "));
    }
}

/* Both at once, read-only; and the devices go with what was returned, or is attached. */
static void test_mount(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_loop();
    struct error error;
    make_both();
    for (size_t i = 0; i < ARRAY_LENGTH(image_types); i++) {
        char name[32];
        snprintf(name, sizeof(name), "i.%s", image_types[i]);
        auto_fd file = open(name, O_RDONLY | O_CLOEXEC);
        assert_int_equal(mkdir(image_types[i], 0755), 0);
        auto_fd tree = loop_mount(file, image_types[i], &error);
        if (tree < 0)
            fail_msg("%s", error.text);
        must_run("! mountpoint -q %s && cmp tree/usr/big /proc/%d/fd/%d/usr/big", image_types[i],
                 getpid(), tree);
        assert_int_equal(move_mount(tree, "", AT_FDCWD, image_types[i], MOVE_MOUNT_F_EMPTY_PATH),
                         0);
        must_run("cmp tree/usr/big %s/usr/big && ! touch %s/x 2> /dev/null && "
                 "losetup -j i.%s -nO RO,AUTOCLEAR | grep -q '1 *1'",
                 image_types[i], image_types[i], image_types[i]);
    }
    must_run("umount erofs squashfs && test -z \"$(losetup -j i.erofs; losetup -j i.squashfs)\"");
    must_run("head -c 8192 i.erofs > half");
    auto_fd half = open("half", O_RDONLY | O_CLOEXEC);
    assert_int_equal(loop_mount(half, "erofs", &error), -EBADMSG);
    must_run("test -z \"$(losetup -j half)\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_check, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_mount, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
