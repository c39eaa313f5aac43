#include "base/testdata/kernel.h"

#include "image/build.h"
#include "image/hooks.h"
#include "plan/make.h"

static void build_in(const struct uki *uki, const char *conf, const char *output)
{
    struct error error;
    struct report report = {.arena = arena_new()};
    auto_config config = config_load(conf, NULL, &report);
    config_check(config, &report);
    assert_int_equal(report.count, 0);
    const struct build_request request = {.config = config,
                                          .kernel = any_kernel(),
                                          .init_program = "/bin/true",
                                          .output = output,
                                          .uki = uki};
    if (build_image(&request, &error) < 0)
        fail_msg("%s", error.text);
    arena_free(report.arena);
}

static void build(const char *conf, const char *output)
{
    build_in(NULL, conf, output);
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
    must_run("zstd -dqc one > one.cpio && mkdir out && cd out && cpio -id --quiet -f dev/console < "
             "../one.cpio");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        must_run("cmp out/%s %s", cases[i].path, cases[i].content);
    must_run("cmp out%s/b.conf b.conf && test \"$(readlink out/etc/ebb/b.conf)\" = %s/b.conf", here,
             here);
    must_run("grep -qx ID=ebb out/etc/initrd-release");
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

/* The initramfs in a unified image is the one that would be written alone. */
static void test_unified(void **state)
{
    (void)state;
    static const char stub[] = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
    need_tool("objcopy");
    char kernel[300];
    snprintf(kernel, sizeof(kernel), "/boot/vmlinuz-%s", any_kernel());
    if (access(stub, R_OK) < 0 || access(kernel, R_OK) < 0)
        skip_because("the stub of systemd or a kernel is not installed");
    const struct uki uki = {
        .stub = stub, .kernel = kernel, .version = any_kernel(), .cmdline = "quiet"};
    must_run("printf 'volume state LABEL=s { fs ext4 }\ngenerations state:/g\n' > a.conf");
    build("a.conf", "one");
    build_in(&uki, "a.conf", "two");
    must_run("objcopy --dump-section .initrd=three --dump-section .linux=four two copy && "
             "cmp one three && cmp -n $(stat -c %%s %s) four %s && "
             "test \"$(stat -c %%a two)\" = 600",
             kernel, kernel);
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
    must_run("for i in one two; do mkdir $i.out; zstd -dqc $i | (cd $i.out && cpio -id --quiet -f "
             "dev/console) || "
             "exit 1; done; cmp one.out/etc/ebb/keymap made && "
             "test \"$(stat -c %%a one.out/etc/ebb/keymap)\" = 644 && test ! -e "
             "two.out/etc/ebb/keymap && test -e two.out/etc/ebb/ebb.conf");
}

static void unpack(const char *image)
{
    must_run("rm -rf out && mkdir out && zstd -dqc %s > %s.cpio && cd out && "
             "cpio -id --quiet -f dev/console < ../%s.cpio",
             image, image, image);
}

/* The programs that volumes need, with their libraries, where PID 1 runs them. */
static void test_tools(void **state)
{
    (void)state;
    static const char *const tools[] = {"lvm", "mdadm", "e2fsck"};
    must_run("printf 'volume state LABEL=s { lvm; raid; fs ext4 check=yes }\n"
             "generations state:/g\n' > a.conf && "
             "printf 'volume state LABEL=s { fs ext4 }\ngenerations state:/g\n' > b.conf");
    for (size_t i = 0; i < ARRAY_LENGTH(tools); i++)
        need_tool(tools[i]);
    build("a.conf", "one");
    unpack("one");
    for (size_t i = 0; i < ARRAY_LENGTH(tools); i++)
        must_run("PATH=$PATH:/usr/sbin:/sbin; cmp out/sbin/%s $(command -v %s) && "
                 "test -x out/sbin/%s",
                 tools[i], tools[i], tools[i]);
    must_run("find out -name 'libc.so.6' | grep -q . && "
             "find out -name 'libext2fs.so.2*' | grep -q . && "
             "find out -name 'dm-mod.ko' | grep -q . && find out -name 'raid1.ko' | grep -q .");
    build("b.conf", "two");
    unpack("two");
    must_run("test ! -e out/sbin/lvm && ! find out -name 'libc.so.6' | grep -q .");
}

/* Keys and headers lie in the image where they lie on this machine, and only root can read them. */
static void test_keys(void **state)
{
    (void)state;
    auto_string here = getcwd(NULL, 0);
    must_run("printf 'volume state PARTLABEL=s { luks keyfile=%s/my-key header=%s/header; fs ext4 }"
             "\nvolume other LABEL=o { luks }\ngenerations state:/g\n' > a.conf && "
             "head -c 100 /dev/urandom > my-key && echo LUKS > header && chmod 644 my-key header",
             here, here);
    build("a.conf", "one");
    unpack("one");
    must_run("cmp out%s/my-key my-key && cmp out%s/header header && "
             "test \"$(stat -c %%a out%s/my-key out%s/header | uniq)\" = 600 && "
             "find out -name 'dm-crypt.ko' | grep -q .",
             here, here, here, here);
}

static void test_shell(void **state)
{
    (void)state;
    need_tool("busybox");
    static const struct {
        const char *line;
        bool shell;
    } cases[] = {
        {"rescue wait", false},
        {"rescue wait shell=no", false},
        {"rescue wait shell=yes", true},
        {"rescue wait shell=\"$y$j9T$salt$hash\"", true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        put("a.conf", "volume state LABEL=s { fs ext4 }\ngenerations state:/g\n");
        put("line", cases[i].line);
        must_run("cat line >> a.conf");
        build("a.conf", "one");
        unpack("one");
        if (cases[i].shell)
            must_run("cmp out/bin/busybox $(command -v busybox) && test -x out/bin/busybox");
        else
            must_run("test ! -e out/bin/busybox");
    }
}

/* Programs that are installed are hidden, for they are looked for outside of PATH too. */
static void hide(const char *name)
{
    must_run("PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; while p=$(command -v %s); do "
             "mount --bind /dev/null \"$(realpath $p)\" || exit 1; hash -r; "
             "test -f \"$p\" || break; done",
             name);
}

/* What an image cannot do without, and where it was asked for. */
static void test_missing(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"volume b LABEL=b { lvm; fs ext4 }",
         "the volume at a.conf:3: cannot find the program \"lvm\"; install the package \"lvm2\""},
        {"volume b LABEL=b { raid; fs ext4 }", "the volume at a.conf:3: cannot find the program "
                                               "\"mdadm\"; install the package \"mdadm\""},
        {"volume b LABEL=b { fs vfat check=yes }",
         "the volume at a.conf:3: cannot find the program \"fsck.vfat\"; install the package "
         "\"dosfstools\""},
        {"rescue wait shell=yes",
         "the shell at a.conf:3: cannot find the program \"busybox\"; install the package "
         "\"busybox-static\""},
        {"volume b LABEL=b { luks keyfile=/nonesuch/key }",
         "the container at a.conf:3: cannot read \"/nonesuch/key\": No such file or directory"},
        {"volume b PARTLABEL=b { luks header=/nonesuch/header }",
         "the container at a.conf:3: cannot read \"/nonesuch/header\": No such file or directory"},
    };
    static const char *const hidden[] = {"lvm", "mdadm", "fsck.vfat", "busybox"};
    for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++)
        hide(hidden[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        struct report report = {.arena = arena_new()};
        put("line", cases[i].line);
        put("a.conf", "volume state LABEL=s { fs ext4 }\ngenerations state:/g\n");
        must_run("cat line >> a.conf");
        auto_config config = config_load("a.conf", NULL, &report);
        assert_int_equal(report.count, 0);
        const struct build_request request = {
            .config = config, .kernel = any_kernel(), .init_program = "/bin/true", .output = "one"};
        assert_outcome(cases[i].line, build_image(&request, &error), &error, cases[i].message);
        must_run("test ! -e one");
        arena_free(report.arena);
    }
}

/* What a hook needs comes with it, and what cannot is told; `ebb check` says the same. */
static void test_hooks(void **state)
{
    (void)state;
    static const struct {
        const char *made, *options, *message;
    } cases[] = {
        {"true", "",
         "\"@/hook\" cannot be put into the image (No such file or directory); put the program "
         "there, or remove the line"},
        {"echo '#!/bin/sh' > hook", "",
         "\"@/hook\" cannot be executed; make it a program with chmod +x"},
        {"mkdir hook", "", "\"@/hook\" cannot be executed; make it a program with chmod +x"},
        {"echo '#!/nonesuch' > hook; chmod +x hook", "",
         "the interpreter of the script \"@/hook\": cannot read \"/nonesuch\": No such file or "
         "directory"},
        {"echo '#!/bin/sh' > hook; chmod +x hook; echo > one", "needs=@/one,@/two",
         "\"@/hook\" needs \"@/two\", which cannot be put into the image (No such file or "
         "directory); put it there, or take it out of needs="},
        {"echo '#!/bin/sh' > hook; chmod +x hook; mkfifo two", "needs=@/two",
         "\"@/two\" is neither a file nor a folder; take it away from there"},
        {"echo '#!/bin/sh' > hook; chmod +x hook; mkdir -p needs/deep; chmod 700 needs/deep;"
         "echo x > needs/deep/key; chmod 600 needs/deep/key; ln -s deep/key needs/link;"
         "printf '#!/bin/busybox sh\n' > needs/script; chmod +x needs/script; ln -s needs/deep far;"
         "cp $(command -v env) needs/env",
         "needs=@/needs,@/far/key,/etc/hostname", NULL},
    };
    need_tool("busybox");
    auto_string here = getcwd(NULL, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        struct report report = {.arena = arena_new()}, proof = {.arena = report.arena};
        must_run("rm -rf hook one two needs far; %s", cases[i].made);
        put("a.conf", "volume state LABEL=s { fs ext4 }\ngenerations state:/g\n");
        put("line", arena_printf(report.arena, "hook after-root @/hook %s\n", cases[i].options));
        put("message", cases[i].message ? cases[i].message : "");
        must_run("sed -i 's,@,%s,g' line message && cat line >> a.conf", here);
        auto_string message = output_of("cat message");
        auto_config config = config_load("a.conf", NULL, &report);
        assert_int_equal(report.count, 0);
        const struct build_request request = {.config = config,
                                              .kernel = any_kernel(),
                                              .init_program = "/bin/true",
                                              .output = "one.img"};
        assert_outcome(cases[i].options, build_image(&request, &error), &error,
                       cases[i].message
                           ? arena_printf(report.arena, "the hook at a.conf:3: %s", message)
                           : NULL);
        hooks_prove(config, &proof);
        assert_int_equal(proof.errors, cases[i].message != NULL);
        if (cases[i].message)
            assert_string_equal(
                proof.problems[0].text,
                arena_printf(report.arena, "the hook cannot come into an image: %s", message));
        arena_free(report.arena);
    }
    must_run(
        "mkdir made && zstd -dqc one.img | (cd made && cpio -id --quiet -f 'dev*') && cd made%s && "
        "test $(stat -c %%a needs/deep needs/deep/key | tr -d '\n') = 700600 && "
        "test $(readlink needs/link) = deep/key && cmp far/key needs/deep/key && "
        "test -x needs/script -a -x needs/env && cd - && cmp made/etc/hostname /etc/hostname && "
        "test -x made/bin/busybox && ls made/lib*/*/libc.so.6",
        here);
}

static void test_kernel(void **state)
{
    (void)state;
    struct error error;
    const char *kernel = NULL;
    auto_arena arena = arena_new();
    assert_int_equal(build_kernel(arena, NULL, any_kernel(), &kernel, &error), 0);
    assert_string_equal(kernel, any_kernel());
    assert_int_equal(build_kernel(arena, NULL, "0.0-none", &kernel, &error), -ENOENT);
    assert_contains(error.text, "there are no modules of the kernel \"0.0-none\" in /lib/modules; "
                                "choose with --kernel one of: ");
    assert_contains(error.text, any_kernel());
}

/* What is not configuration comes from the other system: here its kernel, a hook and the shell that
 * the hook needs. */
static void test_root(void **state)
{
    (void)state;
    struct error error;
    const char *kernel = NULL;
    need_tool("busybox");
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    must_run("mkdir -p tree/lib/modules/0.1 tree/usr/bin tree/opt && ln -s usr/bin tree/bin &&"
             "cp $(command -v busybox) tree/usr/bin && ln -s /bin/busybox tree/usr/bin/sh &&"
             "printf '#!/bin/sh\n' > tree/opt/hook && chmod +x tree/opt/hook && ln -s "
             "/lib/modules/%s tree/lib/modules &&"
             "printf 'volume state LABEL=s { fs ext4 }\ngenerations state:/g\n"
             "hook after-root /opt/hook\nrescue wait shell=yes\n' > a.conf",
             any_kernel());
    auto_config config = config_load("a.conf", NULL, &report);
    auto_string here = getcwd(NULL, 0);
    const char *root = arena_printf(arena, "%s/tree", here);
    struct build_request request = {
        .config = config, .root = root, .init_program = "/bin/true", .output = "one"};
    assert_int_equal(build_kernel(arena, root, NULL, &request.kernel, &error), 0);
    assert_string_equal(request.kernel, any_kernel());
    assert_outcome("root", build_image(&request, &error), &error, NULL);
    must_run("zstd -dqc one | cpio -it --quiet > list && grep -qx opt/hook list && "
             "grep -qx usr/bin/sh list && grep -qx usr/bin/busybox list && grep -q ext4.ko list");
    must_run("rm tree/usr/bin/busybox && echo '#!/none' > tree/opt/hook");
    assert_outcome("missing", build_image(&request, &error), &error,
                   "the hook at a.conf:3: the interpreter of the script \"/opt/hook\": cannot read "
                   "\"/none\": No such file or directory");
    must_run("sed -i /hook/d a.conf");
    auto_config other = config_load("a.conf", NULL, &report);
    request.config = other;
    assert_true(build_image(&request, &error) < 0);
    assert_contains(error.text, "the shell at a.conf:3: cannot find the program \"busybox\" in \"");
    assert_contains(error.text, "/tree\"; install the package \"busybox-static\" there");
    must_run("rm tree/lib/modules/[!0]*");
    assert_int_equal(build_kernel(arena, root, NULL, &kernel, &error), -ENOENT);
    assert_contains(error.text, "there are no modules of the kernel \"0.1\" in ");
    assert_contains(error.text, "tree/lib/modules; choose with --kernel one of: 0.1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_includes), TEST(test_same_bytes), TEST(test_unified), TEST(test_keymap),
        TEST(test_hooks),    TEST(test_kernel),     TEST(test_root),    TEST(test_tools),
        TEST(test_keys),     TEST(test_shell),      TEST(test_missing),
        /* the last, because programs stay hidden */
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
