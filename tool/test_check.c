#include "tool/testing.h"

#include "tool/verb.h"

#define CONF "volume a LABEL=a {\n    fs ext4\n}\ngenerations a:/g\n"

/* Up to a NULL; what was written to standard output is in the file "said". */
static int check(char **words)
{
    int count = 1, real = dup(STDOUT_FILENO);
    char *argv[6] = {"check"};
    for (; words[count - 1]; count++)
        argv[count] = words[count - 1];
    fflush(stdout);
    auto_fd said = open("said", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(real >= 0 && said >= 0 && dup2(said, STDOUT_FILENO) >= 0);
    int status = verb_check(count, argv);
    fflush(stdout);
    assert_true(dup2(real, STDOUT_FILENO) >= 0 && close(real) == 0);
    return status;
}

static void test_kernel(void **state)
{
    (void)state;
    put("ebb.conf", CONF);
    assert_int_equal(check((char *[]){"--options", "ebb.conf", NULL}), EXIT_DONE);
    /* a kernel that was built as they say has them all */
    char *whole[] = {"ebb.conf", "--kernel", "./kernel", NULL};
    free(output_of("cp said kernel"));
    log_begin();
    assert_int_equal(check(whole), EXIT_DONE);
    auto_string nothing = log_end();
    assert_string_equal(nothing, "");

    free(output_of("sed -i 's/^CONFIG_EXT4_FS_POSIX_ACL=/#/' kernel"));
    log_begin();
    assert_int_equal(check(whole), EXIT_DONE);
    auto_string advice = log_end();
    assert_string_equal(advice, "./kernel: warning: CONFIG_EXT4_FS_POSIX_ACL is \"n\" and should "
                                "be \"y\": access lists, as of /var/log/journal\n");

    free(output_of("sed -i 's/^CONFIG_EXT4_FS_POSIX_ACL=/#/; s/^CONFIG_EXT4_FS=/#/' kernel"));
    log_begin();
    assert_int_equal(check(whole), EXIT_NO);
    auto_string told = log_end();
    assert_non_null(strstr(told, "./kernel: CONFIG_EXT4_FS is \"n\" and must be \"m\": the usual "
                                 "state volume\n"));
}

/* The same is told of the running kernel, whether it is named or not. */
static void test_running(void **state)
{
    (void)state;
    char *named[] = {"ebb.conf", "--kernel", "running", NULL};
    char *last[] = {"ebb.conf", "--kernel", NULL},
         *first[] = {"--kernel", "--print", "ebb.conf", NULL};
    put("ebb.conf", CONF);
    log_begin();
    int expected = check(named);
    auto_string told = log_end();
    assert_true(expected == EXIT_DONE || *told);
    log_begin();
    assert_int_equal(check(last), expected);
    auto_string told_last = log_end();
    log_begin();
    assert_int_equal(check(first), expected);
    auto_string told_first = log_end();
    assert_string_equal(told_last, told);
    assert_string_equal(told_first, told);
    assert_content("said", CONF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_kernel), TEST(test_running)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
