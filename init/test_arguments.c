#include "base/testdata/scratch.h"

#include "init/arguments.h"

static const struct arguments nothing = {.rescue = -1};

static bool same_text(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static const struct {
    const char *line;
    struct arguments expected; /* .rescue 0 stands for none */
    const char *log;
} cases[] = {
    {"", {0}, ""},
    {"\n", {0}, ""},
    {"BOOT_IMAGE=/vmlinuz root=UUID=1 console=ttyS0,115200 quiets x.ro=1 ebbing=1\n", {0}, ""},
    {"init=/bin/sh", {.init = "/bin/sh"}, ""},
    {"init=/a init=/b\n", {.init = "/b"}, ""},
    {"  init=/a\t\trootwait \n", {.init = "/a", .wait_for_ever = true}, ""},
    {"init=\"/a b\" rootwait", {.init = "/a b", .wait_for_ever = true}, ""},
    {"\"init=/a b\" rootwait", {.init = "/a b", .wait_for_ever = true}, ""},
    {"init=/a\" \"b", {.init = "/a b"}, ""},
    {"other=\"init=/x ebb.debug\" rootwait", {.wait_for_ever = true}, ""},
    {"other=\"not closed rootwait ro", {0}, ""},
    {"init=\"/a ro", {.init = "/a ro"}, ""},
    {"init=/a=b", {.init = "/a=b"}, ""},
    {"init", {0}, ""},
    {"=ro = =", {0}, ""},
    {"\"\" rootwait", {.wait_for_ever = true}, ""},
    {"ro", {.read_only = true}, ""},
    {"rw", {0}, ""},
    {"ro rw", {0}, ""},
    {"rw ro", {.read_only = true}, ""},
    {"ro rw ro", {.read_only = true}, ""},
    {"ro=1 quiet quiet=1 rootwait=5", {0}, ""}, /* not ours to judge */
    {"ebb.generation=latest", {.generation = "latest"}, ""},
    {"ebb.generation=7 ebb.generation=previous", {.generation = "previous"}, ""},
    {"ebb.generation=", {.generation = ""}, ""},
    {"ebb.continues=0f1e:12 ro", {.continues = 12, .read_only = true}, ""},
    {"ebb.continues=12", {0}, ""},
    {"ebb.rescue=reboot", {.rescue = RESCUE_REBOOT}, ""},
    {"ebb.rescue=reboot ebb.rescue=poweroff", {.rescue = RESCUE_POWEROFF}, ""},
    {"ebb.rescue=reboot ebb.rescue=none",
     {.rescue = RESCUE_REBOOT},
     "ebb: ignoring ebb.rescue=none: it is none of wait, reboot and poweroff\n"},
    {"ebb.menu", {.menu = 10000}, ""},
    {"ebb.menu=7", {.menu = 7000}, ""},
    {"ebb.menu=7 ebb.menu=0", {0}, ""},
    {"ebb.menu=3s", {0}, "ebb: ignoring ebb.menu=3s: it is no number of seconds\n"},
    {"ebb.menu=", {0}, "ebb: ignoring ebb.menu=: it is no number of seconds\n"},
    {"ebb.generation=\"before the upgrade\"", {.generation = "before the upgrade"}, ""},
    {"ebb.debug ro", {.debug = true, .read_only = true}, ""},
    {"ebb.analyze", {.analyze = true}, ""},
    {"ro rootwait ebb.debug init=/i ebb.generation=3 ebb.rescue=poweroff -- single "
     "init=/x rw",
     {"/i", "3", 0, RESCUE_POWEROFF, true, true, false, true, 0},
     ""},
    {"-- rootwait", {0}, ""},
    {"rootwait -- ro", {.wait_for_ever = true}, ""},
    {"--x rootwait", {.wait_for_ever = true}, ""}, /* only "--" alone ends Ebb's part */
    {"init=sh", {0}, "ebb: ignoring init=sh: it is relative\n"},
    {"init=", {0}, "ebb: ignoring init=: it is relative\n"},
    {"init=/a init=/b/../c", {.init = "/a"}, "ebb: ignoring init=/b/../c: it contains \"..\"\n"},
    {"ebb.genaration=3",
     {0},
     "ebb: ignoring the kernel parameter \"ebb.genaration=3\": did you mean "
     "\"ebb.generation\"?\n"},
    {"ebb.debgu",
     {0},
     "ebb: ignoring the kernel parameter \"ebb.debgu\": did you mean \"ebb.debug\"?\n"},
    {"ebb.colour=blue rootwait",
     {.wait_for_ever = true},
     "ebb: ignoring the kernel parameter \"ebb.colour=blue\": see ebb-init(8)\n"},
    {"ebb.", {0}, "ebb: ignoring the kernel parameter \"ebb.\": see ebb-init(8)\n"},
    {"ebb.generation",
     {0},
     "ebb: ignoring the kernel parameter \"ebb.generation\": write ebb.generation=VALUE\n"},
    {"ebb.debug=1",
     {0},
     "ebb: ignoring the kernel parameter \"ebb.debug=1\": write ebb.debug alone\n"},
    {"ebb.debug=",
     {0},
     "ebb: ignoring the kernel parameter \"ebb.debug=\": write ebb.debug alone\n"},
    {"ebb.colours ebb.two=x -- ebb.three",
     {0},
     "ebb: ignoring the kernel parameter \"ebb.colours\": see ebb-init(8)\n"
     "ebb: ignoring the kernel parameter \"ebb.two=x\": see ebb-init(8)\n"},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        struct arguments found, expected = cases[i].expected;
        memset(&found, 0x55, sizeof(found));
        if (expected.rescue == 0)
            expected.rescue = -1;
        log_begin();
        arguments_parse(arena, cases[i].line, &found);
        auto_string log = log_end();
        assert_string_equal(log, cases[i].log);
        if (!same_text(found.init, expected.init) ||
            !same_text(found.generation, expected.generation) || found.rescue != expected.rescue ||
            found.continues != expected.continues || found.read_only != expected.read_only ||
            found.wait_for_ever != expected.wait_for_ever || found.debug != expected.debug ||
            found.analyze != expected.analyze || found.menu != expected.menu)
            fail_msg("\"%s\": init=%s generation=%s rescue=%d menu=%u", cases[i].line, found.init,
                     found.generation, found.rescue, found.menu);
    }
}

static void test_wait(void **state)
{
    (void)state;
    struct arguments found;
    auto_arena arena = arena_new();
    arguments_parse(arena, "ebb.rescue=reboot ebb.rescue=wait", &found);
    assert_int_equal(found.rescue, RESCUE_WAIT);
    arguments_parse(arena, "", &found); /* says everything anew */
    assert_memory_equal(&found, &nothing, sizeof(found));
}

/* The longest line of any architecture, all small words. */
static void test_long_line(void **state)
{
    (void)state;
    static char line[8192];
    struct arguments found;
    auto_arena arena = arena_new();
    for (size_t i = 0; i + 1 < sizeof(line); i++)
        line[i] = i % 2 ? ' ' : 'x';
    memcpy(line + sizeof(line) - 8, "     ro", 8);
    arguments_parse(arena, line, &found);
    assert_true(found.read_only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
