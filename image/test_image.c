#include "image/testing.h"

#include <errno.h>
#include <sys/stat.h>

#include "image/image.h"

static struct error error;

#define ok(call)                                                                                   \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            fail_msg("%s", error.text);                                                            \
    } while (0)

static void write_image(struct image *image)
{
    ok(image_write(image, "image", NULL, NULL, &error));
}

/* Unpacks "image" into "out" with other people's programs; nobody but root may make devices. */
static void unpack(void)
{
    need_tool("zstd");
    need_tool("cpio");
    must_run("rm -rf out && mkdir out && cd out && zstd -dqc ../image |"
             "cpio -id --quiet --no-absolute-filenames -f dev/console");
}

static void assert_listing(const char *expected)
{
    need_tool("zstd");
    need_tool("cpio");
    must_run("zstd -dqc image | LC_ALL=C TZ=UTC cpio -itvn --quiet |"
             "sed 's/  */ /g; s/Jan 1 1970 //' >list");
    assert_text("list", expected);
}

static void test_empty(void **state)
{
    (void)state;
    auto_image image = image_new();
    write_image(image);
    assert_listing("drwxr-xr-x 2 0 0 0 dev\ncrw------- 1 0 0 5, 1 dev/console\n");
    image_free(NULL);
}

static void test_contents(void **state)
{
    (void)state;
    make_file("source", "from a file", 11);
    auto_image image = image_new();
    ok(image_add_file(image, "/usr/share/doc/file", "source", 0640, &error));
    ok(image_add_bytes(image, "/etc/bytes", "a\0b", 3, 0600, &error));
    ok(image_add_bytes(image, "/etc/empty", "", 0, 0644, &error));
    ok(image_add_link(image, "/etc/link", "../usr/share", &error));
    ok(image_add_folder(image, "/run", 0700, &error));
    ok(image_add_folder(image, "/etc/deep/er", 01777, &error));
    make_file("source", "changed later", 13);
    write_image(image);
    assert_listing("drwxr-xr-x 2 0 0 0 dev\n"
                   "crw------- 1 0 0 5, 1 dev/console\n"
                   "drwxr-xr-x 3 0 0 0 etc\n"
                   "-rw------- 1 0 0 3 etc/bytes\n"
                   "drwxr-xr-x 3 0 0 0 etc/deep\n"
                   "drwxrwxrwt 2 0 0 0 etc/deep/er\n"
                   "-rw-r--r-- 1 0 0 0 etc/empty\n"
                   "lrwxrwxrwx 1 0 0 12 etc/link -> ../usr/share\n"
                   "drwx------ 2 0 0 0 run\n"
                   "drwxr-xr-x 3 0 0 0 usr\n"
                   "drwxr-xr-x 3 0 0 0 usr/share\n"
                   "drwxr-xr-x 2 0 0 0 usr/share/doc\n"
                   "-rw-r----- 1 0 0 11 usr/share/doc/file\n");
    unpack();
    assert_content("out/usr/share/doc/file", "from a file", 11);
    assert_content("out/etc/bytes", "a\0b", 3);
}

/* The kernel unpacks in order, so nothing may come through a link. */
static void test_below_links(void **state)
{
    (void)state;
    auto_image image = image_new();
    ok(image_add_bytes(image, "/lib/modules/a", "a", 1, 0644, &error));
    ok(image_add_bytes(image, "/usr/lib/modules/a", "a", 1, 0644, &error));
    ok(image_add_folder(image, "/lib/firmware", 0755, &error));
    ok(image_add_link(image, "/lib", "usr/lib", &error));
    ok(image_add_link(image, "/usr/lib/modules", "/data/./x/../modules", &error));
    write_image(image);
    assert_listing("drwxr-xr-x 3 0 0 0 data\n"
                   "drwxr-xr-x 2 0 0 0 data/modules\n"
                   "-rw-r--r-- 1 0 0 1 data/modules/a\n"
                   "drwxr-xr-x 2 0 0 0 dev\n"
                   "crw------- 1 0 0 5, 1 dev/console\n"
                   "lrwxrwxrwx 1 0 0 7 lib -> usr/lib\n"
                   "drwxr-xr-x 3 0 0 0 usr\n"
                   "drwxr-xr-x 3 0 0 0 usr/lib\n"
                   "drwxr-xr-x 2 0 0 0 usr/lib/firmware\n"
                   "lrwxrwxrwx 1 0 0 20 usr/lib/modules -> /data/./x/../modules\n");
}

static void test_same_twice(void **state)
{
    (void)state;
    make_file("one", "text", 4);
    make_file("two", "text", 4);
    auto_image image = image_new();
    for (int i = 0; i < 2; i++) {
        ok(image_add_file(image, "/a", i ? "two" : "one", 0644, &error));
        ok(image_add_file(image, "/a", "one", 0644, &error));
        ok(image_add_bytes(image, "/a", "text", 4, 0644, &error));
        ok(image_add_link(image, "/l", "a", &error));
        ok(image_add_folder(image, "/f", 0700, &error));
        ok(image_add_folder(image, "/dev", 0755, &error));
    }
    write_image(image);
    assert_listing(
        "-rw-r--r-- 1 0 0 4 a\ndrwxr-xr-x 2 0 0 0 dev\ncrw------- 1 0 0 5, 1 dev/console\n"
        "drwx------ 2 0 0 0 f\nlrwxrwxrwx 1 0 0 1 l -> a\n");
}

enum kind { FILE_ONE, FILE_TWO, FILE_MODE, BYTES, LINK, OTHER_LINK, FOLDER, OTHER_FOLDER };

static int add_kind(struct image *image, enum kind kind, const char *path)
{
    switch (kind) {
    case FILE_ONE:
        return image_add_file(image, path, "one", 0644, &error);
    case FILE_TWO:
        return image_add_file(image, path, "two", 0644, &error);
    case FILE_MODE:
        return image_add_file(image, path, "one", 0600, &error);
    case BYTES:
        return image_add_bytes(image, path, "bytes", 5, 0644, &error);
    case LINK:
        return image_add_link(image, path, "one", &error);
    case OTHER_LINK:
        return image_add_link(image, path, "two", &error);
    case FOLDER:
        return image_add_folder(image, path, 0755, &error);
    case OTHER_FOLDER:
        return image_add_folder(image, path, 0700, &error);
    }
    return -EINVAL;
}

static void test_conflicts(void **state)
{
    (void)state;
    static const struct {
        enum kind first, second;
        const char *text;
    } cases[] = {
        {FILE_ONE, FILE_TWO, "as the file \"one\" and as the file \"two\", which differ"},
        {FILE_ONE, FILE_MODE, "as the file \"one\" and as the file \"one\", which differ"},
        {FILE_ONE, BYTES, "as the file \"one\" and as generated content, which differ"},
        {BYTES, LINK, "as generated content and as a link to \"one\", which differ"},
        {LINK, OTHER_LINK, "as a link to \"one\" and as a link to \"two\", which differ"},
        {LINK, FOLDER, "as a link to \"one\" and as a folder of mode 0755"},
        {FOLDER, OTHER_FOLDER, "as a folder of mode 0755 and as a folder of mode 0700"},
    };
    make_file("one", "content 1", 9);
    make_file("two", "content 2", 9);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_image image = image_new();
        ok(add_kind(image, cases[i].first, "/x"));
        assert_int_equal(add_kind(image, cases[i].second, "/x"), -EEXIST);
        assert_contains(error.text, "\"/x\" would be in the image twice");
        assert_contains(error.text, cases[i].text);
        /* the same when only a link brings them together */
        auto_image linked = image_new();
        ok(image_add_link(linked, "/lib", "usr/lib", &error));
        ok(add_kind(linked, cases[i].first, "/lib/x"));
        ok(add_kind(linked, cases[i].second, "/usr/lib/x"));
        assert_int_equal(image_write(linked, "none", NULL, NULL, &error), -EEXIST);
        assert_contains(error.text, "\"/usr/lib/x\" would be in the image twice");
        assert_int_equal(access("none", F_OK), -1);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const paths[] = {"", "/", "x", "/a/../b", "/a//b", "/a/", "/./a"};
    auto_image image = image_new();
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        assert_int_equal(image_add_bytes(image, paths[i], "", 0, 0644, &error), -EINVAL);
        assert_contains(error.text, "cannot be put into an image");
    }
    assert_int_equal(image_add_link(image, "/l", "", &error), -EINVAL);
    assert_int_equal(image_add_file(image, "/f", "none", 0644, &error), -ENOENT);
    assert_contains(error.text, "\"none\"");
    assert_int_equal(image_add_program(image, "/f", "none", &error), -ENOENT);
    assert_contains(error.text, "\"none\"");
    write_image(image);
    assert_listing("drwxr-xr-x 2 0 0 0 dev\ncrw------- 1 0 0 5, 1 dev/console\n");

    ok(image_add_bytes(image, "/file", "", 0, 0644, &error));
    ok(image_add_bytes(image, "/file/below", "", 0, 0644, &error));
    assert_int_equal(image_write(image, "image", NULL, NULL, &error), -ENOTDIR);
    assert_contains(error.text,
                    "\"/file/below\" cannot be put below \"/file\", which is generated");
    auto_image circle = image_new();
    ok(image_add_link(circle, "/a", "b", &error));
    ok(image_add_link(circle, "/b", "a", &error));
    ok(image_add_bytes(circle, "/a/x", "", 0, 0644, &error));
    assert_int_equal(image_write(circle, "image", NULL, NULL, &error), -ELOOP);
}

static void test_modules(void **state)
{
    (void)state;
    static const struct {
        const char *tool, *command, *ending;
    } cases[] = {
        {"cat", "cat", ""},
        {"zstd", "zstd -q", ".zst"},
        {"xz", "xz --check=crc32", ".xz"},
        {"gzip", "gzip", ".gz"},
    };
    static char module[300000] = "\x7f"
                                 "ELF";
    fill(module + 4, sizeof(module) - 4);
    make_file("plain", module, sizeof(module));
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        need_tool(cases[i].tool);
        char source[32], path[64];
        snprintf(source, sizeof(source), "x.ko%s", cases[i].ending);
        snprintf(path, sizeof(path), "/lib/modules/x.ko%s", cases[i].ending);
        must_run("%s <plain >%s", cases[i].command, source);
        auto_image image = image_new();
        ok(image_add_module(image, path, source, &error));
        write_image(image);
        unpack();
        assert_content("out/lib/modules/x.ko", module, sizeof(module));
        must_run("test \"$(stat -c %%a out/lib/modules/x.ko)\" = 644");
        must_run("test \"$(ls out/lib/modules)\" = x.ko");
        if (cases[i].ending[0] == '\0')
            continue;
        must_run("head -c 1000 %s >cut && { cat %s; echo junk; } >longer", source, source);
        assert_int_equal(image_add_module(image, "/cut.ko", "cut", &error), -ENODATA);
        assert_contains(error.text, "the module \"cut\"");
        assert_int_equal(image_add_module(image, "/longer.ko", "longer", &error), -EBADMSG);
        assert_contains(error.text, "\"longer\" has junk");
    }
    auto_image image = image_new();
    make_file("text.ko", "text", 4);
    assert_int_equal(image_add_module(image, "/text.ko", "text.ko", &error), -ENOEXEC);
    assert_contains(error.text, "\"text.ko\" is not a kernel module");
}

static void test_repeatable(void **state)
{
    (void)state;
    static char data[2000000];
    fill(data, sizeof(data));
    must_run("mkdir a b");
    for (int i = 0; i < 2; i++) {
        auto_image image = image_new();
        if (i)
            ok(image_add_link(image, "/lib", "usr/lib", &error));
        ok(image_add_bytes(image, "/z", data, sizeof(data), 0644, &error));
        ok(image_add_program(image, "/bin/ls", "/bin/ls", &error));
        if (!i)
            ok(image_add_link(image, "/lib", "usr/lib", &error));
        ok(image_write(image, i ? "a/image" : "b/image", NULL, NULL, &error));
    }
    must_run("cmp a/image b/image && test \"$(ls -A a)\" = image");
}

static void test_output(void **state)
{
    (void)state;
    auto_image image = image_new();
    make_file("image", "old", 3);
    must_run("chmod 644 image && ln image witness");
    umask(0);
    write_image(image);
    must_run("test \"$(stat -c %%a image)\" = 600");
    assert_text("witness", "old"); /* replaced, not written over */
    assert_int_equal(image_write(image, "no/such/folder", NULL, NULL, &error), -ENOENT);
    assert_contains(error.text, "\"no/such/folder\"");
    must_run("test \"$(ls -A | sort | tr '\\n' ' ')\" = 'image witness '");
}

/* A rename would put a file where the device, or the link, was. */
static void test_output_is_no_file(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *output, *message;
        int code;
    } cases[] = {
        {"mkdir folder", "folder",
         "\"folder\" is a folder, which no image can replace; name a file", EEXIST},
        {"mkfifo pipe", "pipe", "\"pipe\" is a pipe, which no image can replace; name a file",
         EEXIST},
        {"ln -s pipe to-pipe", "to-pipe",
         "\"to-pipe\" is a pipe, which no image can replace; name a file", EEXIST},
        {"ln -s /dev/null null", "null",
         "\"null\" is a device, which no image can replace; name a file", EEXIST},
        {"ln -s nowhere dangling", "dangling",
         "\"dangling\" is a link that leads to no file; remove it, or name its target: No such "
         "file or directory",
         ENOENT},
    };
    auto_image image = image_new();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        must_run("%s && touch before && ls -A >before", cases[i].scene);
        assert_int_equal(image_write(image, cases[i].output, NULL, NULL, &error), -cases[i].code);
        assert_string_equal(error.text, cases[i].message);
        must_run("ls -A | cmp - before && test ! -f %s", cases[i].output);
    }
    must_run("test -c /dev/null && test ! -e nowhere");
}

/* The image is replaced where it lies, and the link still leads to it. */
static void test_output_is_a_link(void **state)
{
    (void)state;
    auto_image image = image_new();
    make_file("old", "old", 3);
    must_run("mkdir boot && mv old boot/ebb-1.img && ln boot/ebb-1.img witness &&"
             "ln -s ebb-1.img boot/ebb.img && ln -s boot/ebb.img image");
    write_image(image);
    must_run("test -L image && test -L boot/ebb.img && test ! -L boot/ebb-1.img &&"
             "test \"$(ls -A boot | tr '\\n' ' ')\" = 'ebb-1.img ebb.img '");
    assert_text("witness", "old");
    must_run("mv boot/ebb-1.img image"); /* zstd follows no links */
    assert_listing("drwxr-xr-x 2 0 0 0 dev\ncrw------- 1 0 0 5, 1 dev/console\n");
}

struct seen {
    size_t calls, done, total;
};

static void look(void *context, size_t done, size_t total)
{
    struct seen *seen = context;
    assert_true(done >= seen->done && done <= total);
    *seen = (struct seen){seen->calls + 1, done, total};
}

static void test_progress(void **state)
{
    (void)state;
    struct seen seen = {0};
    auto_image image = image_new();
    ok(image_add_bytes(image, "/a", "12345", 5, 0644, &error));
    ok(image_add_bytes(image, "/b", "123", 3, 0644, &error));
    ok(image_write(image, "image", look, &seen, &error));
    assert_int_equal(seen.calls, 4);
    assert_int_equal(seen.done, 8);
    assert_int_equal(seen.total, 8);
}

/* Runs a program inside the unpacked image, where there is nothing but what the image has. */
static void run_inside(const char *command, const char *expected)
{
    const char *chroot = geteuid() == 0 ? "chroot" : "unshare -r chroot";
    if (!succeeds("%s / true 2>/dev/null", chroot))
        skip_because("chroot is not permitted");
    must_run("%s out %s >said", chroot, command);
    auto_string said = content_of("said", NULL);
    assert_contains(said, expected);
}

static void test_programs_run(void **state)
{
    (void)state;
    make_file("greet", "#!/bin/sh\necho hello $((6 * 7))\n", 32);
    make_file("byname", "#!/usr/bin/env cpio\n", 20);
    static const struct {
        const char *path, *source, *command, *expected;
    } cases[] = {
        {"/bin/ls", "/bin/ls", "/bin/ls /", "usr"},
        {"/usr/bin/cpio", "/usr/bin/cpio", "/usr/bin/cpio --version", "cpio (GNU cpio)"},
        {"/opt/busybox", "/bin/busybox", "/opt/busybox echo static", "static"},
        {"/hook", "greet", "/hook", "hello 42"},
        {"/named", "byname", "/usr/bin/env cpio --version", "cpio (GNU cpio)"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (access(cases[i].source, R_OK) < 0)
            skip_because(cases[i].source);
        auto_image image = image_new();
        ok(image_add_program(image, cases[i].path, cases[i].source, &error));
        write_image(image);
        unpack();
        run_inside(cases[i].command, cases[i].expected);
        must_run("test \"$(stat -c %%a out%s)\" = 755", cases[i].path);
    }
}

/* A program whose library lies beside it, put elsewhere in the image. */
static void test_origin_runs(void **state)
{
    (void)state;
    need_tool("cc");
    must_run("mkdir -p app/bin app/lib && echo 'int answer(void) { return 42; }' >a.c &&"
             "echo 'int puts(const char *); int answer(void);"
             "int main(void) { return answer() == 42 ? puts(\"found it\") < 0 : 1; }' >m.c &&"
             "cc -shared -fPIC -o app/lib/libanswer.so a.c &&"
             "cc -o app/bin/ask m.c -Lapp/lib -lanswer -Wl,-rpath,'$ORIGIN/../lib'");
    auto_image image = image_new();
    ok(image_add_program(image, "/x/y/ask", "app/bin/ask", &error));
    write_image(image);
    unpack();
    /* where there is no /proc the loader does not know what $ORIGIN is */
    must_run("mkdir -p out/proc/self && ln -s /x/y/ask out/proc/self/exe");
    run_inside("/x/y/ask", "found it");
    must_run("test -f out/x/lib/libanswer.so && { test ! -L /lib64 || test -L out/lib64; }");
}

static void test_missing_library(void **state)
{
    (void)state;
    need_tool("cc");
    must_run("echo 'int f(void) { return 1; }' >a.c && echo 'int f(void); int main(void) { return "
             "f(); }' >m.c &&"
             "cc -shared -fPIC -o libebbnone.so a.c && cc -o ask m.c -L. -lebbnone");
    auto_image image = image_new();
    assert_int_equal(image_add_program(image, "/ask", "./ask", &error), -ENOENT);
    assert_contains(error.text, "/ask\" needs the library \"libebbnone.so\", which is nowhere");
    assert_contains(error.text, "install the package");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_contents, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_below_links, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_same_twice, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_conflicts, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_refusals, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_modules, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_repeatable, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_output, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_output_is_no_file, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_output_is_a_link, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_progress, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_programs_run, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_origin_runs, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_missing_library, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
