#include "image/testing.h"

#include <errno.h>

#include "image/build.h"
#include "plan/make.h"

/* The newest kernel that is installed; the tool's own default may not be. */
static const char *any_kernel(void)
{
    static char version[200];
    FILE *list = popen("ls -d /lib/modules/*/modules.dep 2>/dev/null | sort -V | tail -n 1", "r");
    assert_non_null(list);
    char path[300] = "";
    if (!fgets(path, sizeof(path), list))
        path[0] = '\0';
    pclose(list);
    if (sscanf(path, "/lib/modules/%199[^/]", version) != 1)
        skip_because("no kernel with modules is installed");
    return version;
}

static void build(const char *conf, const char *output)
{
    struct error error;
    struct report report = {.arena = arena_new()};
    auto_config config = config_load(conf, NULL, &report);
    config_check(config, &report);
    assert_int_equal(report.count, 0);
    const struct build_request request = {
        .config = config, .kernel = any_kernel(), .init_program = "/bin/true", .output = output};
    if (build_image(&request, &error) < 0)
        fail_msg("%s", error.text);
    arena_free(report.arena);
}

/* PID 1 looks for every file where the include that names it says, relative to /etc/ebb. */
static void test_includes(void **state)
{
    (void)state;
    auto_string here = getcwd(NULL, 0);
    must_run("mkdir sub && printf 'include %s/b.conf\ninclude sub/*.conf\ninclude b.conf\n"
             "volume state LABEL=s { fs ext4 }\ngenerations state:/g\n' > a.conf && "
             "echo 'root overlay' > b.conf && echo 'include ../b.conf' > sub/c.conf",
             here);
    build("a.conf", "one");
    static const struct {
        const char *path, *content;
    } cases[] = {
        {"etc/ebb/ebb.conf", "a.conf"},
        {"etc/ebb/sub/c.conf", "sub/c.conf"},
    };
    must_run("zstd -dqc one > one.cpio && mkdir out && cd out && cpio -id --quiet < ../one.cpio");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        must_run("cmp out/%s %s", cases[i].path, cases[i].content);
    must_run("cmp out%s/b.conf b.conf && test \"$(readlink out/etc/ebb/b.conf)\" = %s/b.conf", here,
             here);
    must_run("test -x out/init && ls out/lib/modules/*/modules.dep.bin > list && "
             "find out -name 'overlay.ko' | grep -q . && find out -name 'ext4.ko' | grep -q .");
}

static void test_same_bytes(void **state)
{
    (void)state;
    must_run("printf 'volume state LABEL=s { fs ext4 }\ngenerations state:/g\n' > a.conf && "
             "mkdir there && cp a.conf there/other.conf");
    build("a.conf", "one");
    build("a.conf", "two");
    build("there/other.conf", "three"); /* nor does the place of the configuration matter */
    must_run("cmp one two && cmp one three && test \"$(stat -c %%a one)\" = 600");
}

static void test_keymap(void **state)
{
    (void)state;
    need_tool("loadkeys");
    auto_string here = getcwd(NULL, 0);
    must_run("printf 'volume state LABEL=s { fs ext4 }\ngenerations state:/g\n' > base && "
             "echo 'keycode 30 = +b' > my.map && loadkeys -b -u my.map > made && "
             "(cat base; echo keymap %s/my.map) > a.conf && (cat base; echo keymap none) > b.conf",
             here);
    build("a.conf", "one");
    build("b.conf", "two");
    must_run("for i in one two; do mkdir $i.out; zstd -dqc $i | (cd $i.out && cpio -id --quiet) || "
             "exit 1; done; cmp one.out/etc/ebb/keymap made && "
             "test \"$(stat -c %%a one.out/etc/ebb/keymap)\" = 644 && test ! -e "
             "two.out/etc/ebb/keymap && test -e two.out/etc/ebb/ebb.conf");
}

static void test_missing_hook(void **state)
{
    (void)state;
    struct error error;
    struct report report = {.arena = arena_new()};
    must_run("printf 'volume state LABEL=s { fs ext4 }\ngenerations state:/g\n"
             "hook after-root /nonesuch/hook\n' > a.conf");
    auto_config config = config_load("a.conf", NULL, &report);
    const struct build_request request = {
        .config = config, .kernel = any_kernel(), .init_program = "/bin/true", .output = "one"};
    assert_int_equal(build_image(&request, &error), -ENOENT);
    assert_string_equal(error.text,
                        "the hook \"/nonesuch/hook\" at a.conf:3 cannot be put into the image (No "
                        "such file or directory); put the program there, or remove the line");
    must_run("test ! -e one");
    arena_free(report.arena);
}

static void test_kernel(void **state)
{
    (void)state;
    struct error error;
    const char *kernel = NULL;
    auto_arena arena = arena_new();
    assert_int_equal(build_kernel(arena, any_kernel(), &kernel, &error), 0);
    assert_string_equal(kernel, any_kernel());
    assert_int_equal(build_kernel(arena, "0.0-none", &kernel, &error), -ENOENT);
    assert_contains(error.text, "there are no modules of the kernel \"0.0-none\" in /lib/modules; "
                                "choose with --kernel one of: ");
    assert_contains(error.text, any_kernel());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_includes),     TEST(test_same_bytes), TEST(test_keymap),
        TEST(test_missing_hook), TEST(test_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
