#include "base/testdata/scratch.h"

#include "kconfig/request.h"

/* Only what the kernel itself sends makes this program load a module; PID 1 is called otherwise. */
static void test_arguments(void **state)
{
    (void)state;
    static const struct {
        int count;
        const char *arguments[6];
    } others[] = {
        {0, {NULL}},
        {1, {"/init"}},
        {2, {"/init", "quiet"}},
        {2, {"/init", "ext4"}},
        {3, {"/init", "-q", "--"}},
        {3, {"/init", "-q", "ext4"}},
        {4, {"/init", "-q", "-r", "ext4"}},
        {4, {"/init", "--", "-q", "ext4"}},
        {4, {"/init", "ro", "--", "ext4"}},
        {5, {"/init", "-q", "--", "ext4", "xfs"}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_int_equal(request_serve(others[i].count, (char **)others[i].arguments), -1);
}

/* In a root without modules nothing can be loaded, and the exit status says so; a kernel that takes
 * no modules is content with what it has. */
static void test_serve(void **state)
{
    (void)state;
    need_namespace();
    static const char *const arguments[] = {"/init", "-q", "--", "ebb-nonesuch", NULL};
    int expected = access("/proc/modules", F_OK) == 0;
    pid_t child = fork();
    if (child == 0) {
        if (chroot(".") < 0) /* nor is there a log of the kernel to write to */
            _exit(99);
        _exit(request_serve(4, (char **)arguments));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

/* The kernel's setting is a file of the test's here. */
static void test_setting(void **state)
{
    (void)state;
    need_namespace();
    request_release(); /* nothing was changed, so nothing is given back */
    must_run("mkdir kernel && mount --bind kernel /proc/sys/kernel");
    request_enable(); /* a kernel without modules has none */
    request_release();
    must_run("test -z \"$(ls kernel)\"");
    put("kernel/modprobe", "/sbin/modprobe\n");
    request_release();
    assert_content("kernel/modprobe", "/sbin/modprobe\n");
    request_enable();
    must_run("grep -q '^/init' kernel/modprobe");
    put("kernel/modprobe", ""); /* the kernel replaces the whole of it */
    request_release();
    assert_content("kernel/modprobe", "/sbin/modprobe\n");
    must_run("umount /proc/sys/kernel");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_arguments), TEST(test_serve), TEST(test_setting)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
