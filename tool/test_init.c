/* `ebb init` in a folder, as a person at a terminal sees it. */
#include "base/testdata/scratch.h"

#include <pty.h>

#include "tool/verb.h"

/* Runs the verb at a terminal of its own, whose line ends are in the answer. */
static int init_at_terminal(int argc, char **argv, char *said, size_t size)
{
    int terminal, status;
    pid_t pid = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0) {
        int code = verb_init(argc, argv);
        fflush(stdout);
        _exit(code);
    }
    size_t length = 0;
    /* the end of a terminal is an error: EIO */
    for (ssize_t done; (done = read(terminal, said + length, size - length - 1)) > 0;)
        length += (size_t)done;
    close(terminal);
    said[length] = '\0';
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_init(const char *tree, const char *place, int code, const char *answer)
{
    char said[4096];
    char *argv[] = {"init", (char *)place, "--tree", (char *)tree, NULL};
    int status = init_at_terminal(tree ? 4 : 2, argv, said, sizeof(said));
    assert_string_equal(said, answer);
    assert_int_equal(status, code);
}

static void test_number(void **state)
{
    (void)state;
    must_run("mkdir -p tree/etc one two three/generations/6 && echo x > tree/etc/x");
    assert_init("tree", "one", EXIT_DONE, "one is a state volume now, with generation 1\r\n");
    assert_init(NULL, "two", EXIT_DONE, "two is a state volume now; its generation 1 is empty\r\n");
    assert_init("tree", "three", EXIT_DONE, "three is a state volume now, with generation 7\r\n");
    must_run("test -f three/generations/7/tree/etc/x");
}

/* Nothing is left that would be in the way of the next attempt. */
static void test_into_itself(void **state)
{
    (void)state;
    static const struct {
        const char *tree, *place;
    } cases[] = {{"volume", "volume"}, {".", "volume"}, {"volume", "volume/inside"}};
    must_run("mkdir -p volume/inside tree && echo x > volume/file && find . > before");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char answer[200];
        snprintf(answer, sizeof(answer),
                 "ebb: \"%s\": the tree contains the place it is copied to; copy it to another "
                 "volume\r\n",
                 cases[i].place);
        assert_init(cases[i].tree, cases[i].place, EXIT_NO, answer);
        must_run("find . | cmp - before");
    }
    assert_init("tree", "volume", EXIT_DONE, "volume is a state volume now, with generation 1\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_number), TEST(test_into_itself)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
