#include "base/testdata/scratch.h"

#include <limits.h>
#include <sys/wait.h>

#include "base/path.h"

static void test_objection(void **state)
{
    (void)state;
    static char long_part[NAME_MAX + 3], long_path[PATH_MAX + 1];
    static const struct {
        const char *path, *objection;
    } cases[] = {
        {"/", NULL},
        {"/a", NULL},
        {"/a b/\n/é", NULL},
        {"/.a", NULL},
        {"/..a/b..", NULL},
        {"/...", NULL},
        {"/-a/*/%s/:", NULL},
        {"", "is relative"},
        {"a", "is relative"},
        {"./a", "is relative"},
        {"../a", "is relative"},
        {"~/a", "is relative"},
        {" /a", "is relative"},
        {"/a/", "ends in \"/\""},
        {"//", "ends in \"/\""},
        {"/../", "ends in \"/\""},
        {"//a", "contains \"//\""},
        {"/a//b", "contains \"//\""},
        {"/.", "contains \".\""},
        {"/a/./b", "contains \".\""},
        {"/a/.", "contains \".\""},
        {"/..", "contains \"..\""},
        {"/a/../b", "contains \"..\""},
        {"/a/..", "contains \"..\""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *found = path_objection(cases[i].path);
        if (strcmp(found ? found : "", cases[i].objection ? cases[i].objection : "") != 0)
            fail_msg("\"%s\": %s", cases[i].path, found ? found : "no objection");
    }
    memset(long_part, 'x', NAME_MAX + 2);
    long_part[0] = '/';
    assert_string_equal(path_objection(long_part),
                        "has a component longer than the kernel's 255 bytes");
    long_part[NAME_MAX + 1] = '\0';
    assert_null(path_objection(long_part));
    for (size_t i = 0; i < PATH_MAX; i++)
        long_path[i] = i % 128 ? 'x' : '/';
    assert_string_equal(path_objection(long_path), "is longer than the kernel's 4095 bytes");
    long_path[PATH_MAX - 1] = '\0';
    assert_null(path_objection(long_path));
}

static void test_within(void **state)
{
    (void)state;
    static const struct {
        const char *path, *parent;
        int within;
    } cases[] = {
        {"/a", "/a", 1}, {"/a/b", "/a", 1}, {"/a/b/c", "/a/b", 1}, {"/a", "/", 1},
        {"/", "/", 1},   {"/ab", "/a", 0},  {"/a-b", "/a", 0},     {"/a", "/a/b", 0},
        {"/", "/a", 0},  {"/b/a", "/a", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (path_is_within(cases[i].path, cases[i].parent) != cases[i].within)
            fail_msg("\"%s\" within \"%s\"", cases[i].path, cases[i].parent);
}

static void test_kernel_folder(void **state)
{
    (void)state;
    static const struct {
        const char *path, *folder;
    } cases[] = {
        {"/proc", "/proc"},   {"/proc/sys", "/proc"}, {"/sys/a/b", "/sys"},
        {"/dev/shm", "/dev"}, {"/run", "/run"},       {"/", NULL},
        {"/devices", NULL},   {"/srv/dev", NULL},     {"/tmp", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *found = path_kernel_folder(cases[i].path);
        if (strcmp(found ? found : "", cases[i].folder ? cases[i].folder : "") != 0)
            fail_msg("\"%s\": %s", cases[i].path, found ? found : "none");
    }
}

/* top/a/b/file, with something worth stealing beside top. */
static void make_top(void)
{
    must_run("mkdir -p top/a/b secrets/b && echo inside > top/a/b/file &&"
             "echo secret | tee secrets/file secrets/b/file > /dev/null &&"
             "ln -s $PWD/secrets top/absolute && ln -s ../secrets top/up && ln -s a top/near &&"
             "ln -s ../../../secrets/file top/a/b/last && ln -s nonesuch top/dangling &&"
             "ln -s loop top/loop");
}

static void test_open(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int flags, code;
    } cases[] = {
        {"a/b/file", O_RDONLY, 0},
        {"/a/b/file", O_RDONLY, 0},
        {"//a//b/./file", O_RDONLY, 0},
        {"a/../a/b/file", O_RDONLY, 0},
        {"/", O_RDONLY | O_DIRECTORY, 0},
        {"", O_PATH, 0},
        {".", O_PATH, 0},
        {"a/nonesuch", O_RDONLY, -ENOENT},
        {"a/b/file/x", O_RDONLY, -ENOTDIR},
        {"a/b/file", O_PATH | O_DIRECTORY, -ENOTDIR},
        {"..", O_PATH, -EXDEV},
        {"../secrets/file", O_RDONLY, -EXDEV},
        {"a/../../secrets/file", O_RDONLY, -EXDEV},
        {"a/b/../../../top/a", O_PATH, -EXDEV},
        {"absolute/file", O_RDONLY, -ELOOP},
        {"absolute", O_PATH, -ELOOP},
        {"up/file", O_RDONLY, -ELOOP},
        {"up/b/file", O_RDONLY, -ELOOP},
        {"near/b/file", O_RDONLY, -ELOOP}, /* though it stays beneath */
        {"a/b/last", O_RDONLY, -ELOOP},
        {"a/b/last", O_RDONLY | O_NOFOLLOW, -ELOOP},
        {"a/b/last", O_PATH | O_NOFOLLOW, 0}, /* the link itself */
        {"a/b/last", O_WRONLY | O_CREAT, -ELOOP},
        {"dangling", O_WRONLY | O_CREAT, -ELOOP},
    };
    make_top();
    auto_fd top = open_folder("top");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_fd fd = path_open(top, cases[i].path, cases[i].flags);
        if (fd < 0 ? fd != cases[i].code : cases[i].code != 0)
            fail_msg("\"%s\": %d", cases[i].path, fd);
        if (fd >= 0)
            assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
    auto_fd made = path_open(top, "a/new", O_WRONLY | O_CREAT | O_EXCL);
    assert_true(made >= 0);
    must_run("test $(stat -c %%a top/a/new) = 600 && ! test -e top/nonesuch");
    auto_fd process = open_folder("/proc/self");
    assert_int_equal(path_open(process, "cwd/top", O_PATH), -ELOOP);
    assert_int_equal(path_open(-1, "a", O_PATH), -EBADF);
}

static void test_open_in_root(void **state)
{
    (void)state;
    static const struct {
        const char *path, *content; /* NULL: `code` */
        int code;
    } cases[] = {
        {"/file", "in the root", 0},
        {"file", "in the root", 0},
        {"/absolute", "in the root", 0},
        {"/up", "in the root", 0},
        {"/etc/chain", "in the root", 0},
        {"/../../file", "in the root", 0},
        {"/folder/file", "in the root", 0},
        {"/outside", NULL, -ENOENT}, /* it exists, but not in this root */
        {"/outside-up", NULL, -ENOENT},
        {"/loop", NULL, -ELOOP},
        {"/file/x", NULL, -ENOTDIR},
        {"/proc/fd/0", NULL, -ENOENT},
    };
    must_run("mkdir -p root/etc secrets && echo secret > secrets/file &&"
             "printf 'in the root' > root/file && ln -s /file root/absolute &&"
             "ln -s ../../../../file root/up && ln -s ../etc/./second root/etc/chain &&"
             "ln -s /absolute root/etc/second && ln -s /etc/.. root/folder &&"
             "ln -s $PWD/secrets/file root/outside && ln -s ../secrets/file root/outside-up &&"
             "ln -s loop root/loop");
    auto_fd root = open_folder("root");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_fd fd = path_open_in_root(root, cases[i].path, O_RDONLY);
        if (cases[i].content ? fd < 0 : fd != cases[i].code)
            fail_msg("\"%s\": %d", cases[i].path, fd);
        if (!cases[i].content)
            continue;
        auto_string text = NULL;
        struct error error;
        assert_int_equal(path_read_fd(fd, "x", 100, &text, NULL, &error), 0);
        assert_string_equal(text, cases[i].content);
    }
    auto_fd process = open_folder("/proc/self");
    assert_int_equal(path_open_in_root(process, "cwd", O_PATH), -ELOOP);
}

/* The kernel gives up on ".." with EAGAIN whenever anybody renames anything at that moment. */
static void test_open_while_renaming(void **state)
{
    (void)state;
    must_run(
        "mkdir -p root/a/b && ln -s ../../../a/b/../../file root/a/b/link && echo > root/file");
    auto_fd root = open_folder("root");
    pid_t child = fork();
    if (child == 0)
        for (put("x", "");;)
            (void)!rename(rename("x", "y") == 0 ? "y" : "x", "x"); /* until it is ended */
    int code = 0;
    for (int i = 0; i < 20000 && code >= 0; i++) {
        auto_fd fd = path_open_in_root(root, "a/b/link", O_RDONLY);
        code = fd;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(code < 0 ? code : 0, 0);
}

/* What stands in the way of "/a/b/c", made in `top`. */
static const struct {
    const char *name, *scene, *message;
} walks[] = {
    {"nothing", "true", NULL},
    {"all of it", "mkdir -p a/b/c", NULL},
    {"half of it", "mkdir -m 0700 a", NULL},
    {"file, first", "echo > a", "\"a\" in \"/a/b/c\" is not a folder"},
    {"file, second", "mkdir a && echo > a/b", "\"b\" in \"/a/b/c\" is not a folder"},
    {"link, first", "ln -s ../secrets a",
     "\"/a/b/c\" leads through the symbolic link \"a\"; replace "
     "the link, or name the folder itself"},
    {"link, second", "mkdir a && ln -s $PWD/../secrets a/b",
     "\"/a/b/c\" leads through the symbolic link \"b\"; replace "
     "the link, or name the folder itself"},
    {"link, inside", "mkdir -p d/b && ln -s d a",
     "\"/a/b/c\" leads through the symbolic link \"a\"; replace "
     "the link, or name the folder itself"},
    {"link, nowhere", "ln -s nonesuch a",
     "\"/a/b/c\" leads through the symbolic link \"a\"; replace "
     "the link, or name the folder itself"},
};

static void set_walk(size_t i, const char *more)
{
    must_run("rm -rf top secrets && mkdir -p top secrets/b && echo secret > secrets/b/file &&"
             "cd top && %s%s",
             walks[i].scene, more);
}

/* Whatever was planted: nothing appeared behind it. */
static void assert_secrets_untouched(void)
{
    must_run(
        "test \"$(find secrets | sort | tr '\\n' ' ')\" = 'secrets secrets/b secrets/b/file '");
}

static void test_make_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(walks); i++) {
        struct error error;
        set_walk(i, "");
        auto_fd top = open_folder("top"), made = -1;
        int code = path_make_folder(top, "/a/b/c", &made, &error);
        assert_outcome(walks[i].name, code, &error, walks[i].message);
        assert_secrets_untouched();
        assert_int_equal(made >= 0, code == 0);
        if (code < 0)
            continue;
        auto_fd again = path_open(top, "a/b/c", O_RDONLY | O_DIRECTORY);
        struct stat one = {0}, other = {0};
        assert_true(fstat(made, &one) == 0 && fstat(again, &other) == 0);
        assert_int_equal(one.st_ino, other.st_ino);
        assert_int_equal(one.st_mode, S_IFDIR | 0755);
    }
    must_run("test $(stat -c %%a top) = 755");
}

static void test_make_last(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *message;
    } cases[] = {
        {"echo > a/b/c", "\"c\" in \"/a/b/c\" is not a folder"},
        {"ln -s ../../../top a/b/c", "\"/a/b/c\" leads through the symbolic link \"c\"; replace "
                                     "the link, or name the folder itself"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        set_walk(0, "");
        must_run("mkdir -p top/a/b && cd top && %s", cases[i].scene);
        auto_fd top = open_folder("top"), made = -1;
        assert_outcome(cases[i].scene, path_make_folder(top, "/a/b/c", &made, &error), &error,
                       cases[i].message);
        assert_int_equal(made, -1);
    }
}

static void test_make_parent(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(walks); i++) {
        struct error error;
        const char *name = "untouched", *path = "/a/b/c/file";
        set_walk(i, " && test ! -d a/b/c || echo > a/b/c/file");
        auto_fd top = open_folder("top"), made = -1;
        int code = path_make_parent(top, path, &made, &name, &error);
        assert_secrets_untouched();
        assert_int_equal(code < 0, walks[i].message != NULL);
        assert_string_equal(name, code < 0 ? "untouched" : "file");
        if (code == 0)
            must_run("test -d top/a/b/c");
    }
    static const struct {
        const char *path, *name, *folder;
    } cases[] = {
        {"/x", "x", "top"},
        {"x", "x", "top"},
        {"new/x", "x", "top/new"},
        {"//new//x", "x", "top/new"},
        {"/new/two/", "", "top/new/two"},
    };
    auto_fd top = open_folder("top");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        const char *name = NULL;
        auto_fd made = -1;
        struct stat one = {0}, other = {0};
        assert_int_equal(path_make_parent(top, cases[i].path, &made, &name, &error), 0);
        assert_string_equal(name, cases[i].name);
        assert_true(fstat(made, &one) == 0 && stat(cases[i].folder, &other) == 0);
        assert_int_equal(one.st_ino, other.st_ino);
    }
}

static void test_long_names(void **state)
{
    (void)state;
    char path[2000];
    struct error error;
    must_run("mkdir top");
    auto_fd top = open_folder("top"), made = -1;
    memset(path, 'x', sizeof(path));
    path[NAME_MAX] = '\0';
    assert_int_equal(path_make_folder(top, path, &made, &error), 0);
    path[NAME_MAX] = 'x';
    path[NAME_MAX + 1] = '\0';
    assert_int_equal(path_make_folder(top, path, &made, &error), -ENAMETOOLONG);
    /* Deeper than any path the kernel would take at once. */
    for (int i = 0; i < 10; i++) {
        auto_fd next = -1;
        for (size_t at = 0; at < sizeof(path); at++)
            path[at] = at % 2 ? '/' : 'd';
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(path_make_folder(made, path, &next, &error), 0);
        close(TAKE_FD(made));
        made = TAKE_FD(next);
    }
}

static void test_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        for (size_t limit = sizes[i]; limit + 2 > sizes[i] && limit <= sizes[i]; limit--) {
            struct error error;
            size_t length = 7;
            auto_string text = NULL;
            must_run("head -c %zu /dev/zero | tr '\\0' x > file", sizes[i]);
            int code = path_read(AT_FDCWD, "file", limit, &text, &length, &error);
            assert_int_equal(code, limit < sizes[i] ? -EFBIG : 0);
            assert_int_equal(length, code ? 7 : sizes[i]);
            assert_int_equal(text ? strlen(text) : 7, length);
            if (limit == 0)
                break;
        }
    }
    struct error fault;
    auto_string below = NULL;
    must_run("mkdir folder && echo x > folder/file");
    auto_fd folder = open("folder", O_PATH | O_DIRECTORY);
    assert_int_equal(path_read(folder, "/file", 10, &below, NULL, &fault), 0);
    assert_string_equal(below, "x\n");
    static const struct {
        const char *path, *message;
    } cases[] = {
        {"file", "\"file\" is larger than 10 bytes"},
        {"nonesuch", "cannot read \"nonesuch\": No such file or directory"},
        {".", "cannot read \".\": Is a directory"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        char *text = NULL;
        int code = path_read(AT_FDCWD, cases[i].path, 10, &text, NULL, &error);
        assert_outcome(cases[i].path, code, &error, cases[i].message);
        assert_null(text);
    }
}

static void test_folder_mode(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        mode_t mode;
    } cases[] = {
        {"/root", 0700}, {"/var/tmp", 01777}, {"/var/lib/private", 0700}, {"/var/lib", 0755},
        {"/", 0755},     {"/roots", 0755},    {"/root/x", 0755},          {"", 0755},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(path_folder_mode(cases[i].path), cases[i].mode);
}

static void test_enter(void **state)
{
    (void)state;
    struct error error = {0};
    auto_fd folder = open_folder(".");
    must_run("mkdir -p a/b && ln -s a link && echo > file");
    auto_fd inner = path_enter(folder, "a", "/a/b", &error);
    assert_true(inner >= 0 && faccessat(inner, "b", F_OK, 0) == 0);
    assert_int_equal(path_enter(folder, "none", "/none/b", &error), -ENOENT);
    assert_int_equal(error.code, 0);
    assert_outcome(
        "link", path_enter(folder, "link", "/link/b", &error), &error,
        "\"/link/b\" leads through the symbolic link \"link\"; replace the link, or name "
        "the folder itself");
    assert_outcome("file", path_enter(folder, "file", "/file/b", &error), &error,
                   "\"file\" in \"/file/b\" is not a folder");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objection),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_kernel_folder),
        TEST(test_open),
        TEST(test_open_in_root),
        TEST(test_open_while_renaming),
        TEST(test_make_folder),
        TEST(test_make_last),
        TEST(test_make_parent),
        TEST(test_long_names),
        TEST(test_read),
        cmocka_unit_test(test_folder_mode),
        TEST(test_enter),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
