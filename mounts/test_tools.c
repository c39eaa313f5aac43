#include "mounts/testing.h"

#include "mounts/tools.h"

static void test_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tools; /* with the line that needs each */
    } cases[] = {
        {"volume a LABEL=a { fs ext4 }\n", ""},
        {"volume a LABEL=a { luks; fs ext4 }\n", ""}, /* it is in PID 1 */
        {"volume a LABEL=a { fs ext4 check=yes }\n", "/sbin/e2fsck e2fsprogs 1|"},
        {"volume a LABEL=a { fs vfat check=yes }\n", "/sbin/fsck.vfat dosfstools 1|"},
        {"volume a LABEL=a { lvm; fs ext4 }\n", "/sbin/lvm lvm2 1|"},
        {"volume a LABEL=a { raid; fs xfs }\n", "/sbin/mdadm mdadm 1|"},
        {"volume a LABEL=a { fs ext4 }\n"
         "volume b LABEL=b { fs ext3 check=yes; lvm }\n"
         "volume c LABEL=c { fs ext4 check=yes; lvm; raid }\n"
         "volume d LABEL=d { fs f2fs check=yes; raid }\n",
         "/sbin/e2fsck e2fsprogs 2|/sbin/lvm lvm2 2|/sbin/mdadm mdadm 3|/sbin/fsck.f2fs f2fs-tools "
         "4|"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        size_t count = 99;
        char text[400] = "";
        begin_world(&world, cases[i].text);
        const struct tool *tools = tools_wanted(world.report.arena, world.config, &count);
        for (size_t j = 0; j < count; j++)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s %u|", tools[j].path,
                     tools[j].package, tools[j].origin.line);
        assert_string_equal(text, cases[i].tools);
        end_world(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wanted, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
