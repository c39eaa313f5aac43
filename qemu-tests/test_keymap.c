/* The keyboard layout of the image is that of the kernel, before and behind the switch. */

#include "base/testdata/shell.h"

#include "qemu-tests/scene.h"

/* dumpkmap writes what the kernel has, in the form of the image: the magic, 256 flags, the tables.
 * Number KEY of the first one. */
#define KEY(number)                                                                                \
    "dumpkmap < /dev/tty0 | tail -c +$((1 + 7 + 256 + 2 * " number ")) | head -c 2 | od -An -tx1"

static void keymap_is_loaded(void **state)
{
    (void)state; /* one scene tells the whole story */
    need_tool("loadkeys");
    if (!succeeds("loadkeys -b -u de-latin1 >/dev/null 2>&1"))
        skip_because("there is no keymap \"de-latin1\"");
    struct scene *scene =
        scene_new("keymap", SCENE_STATE "root tmpfs size=50%\nkeymap de-latin1\n" SCENE_REST);
    scene_make(scene);
    scene_boot(scene);
    assert_string_equal(scene_run(scene, KEY("21")), " 7a 0b"); /* z, where others have y */
    assert_string_equal(scene_run(scene, KEY("40")), " e4 0b"); /* a letter behind ASCII */
    assert_string_equal(scene_run(scene, "dmesg | grep -c 'ebb: ignoring' || true"), "0");
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keymap_is_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
