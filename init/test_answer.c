/* `ebb-init unlock`, with a boot at the other end that is played by the test. */
#include "base/testdata/scratch.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/testdata/terminal.h"

#include "init/answer.h"
#include "mounts/answers.h"

static int serve(char *word)
{
    char *arguments[] = {"/init", word, NULL};
    return answer_serve(2, arguments);
}

static void test_others(void **state)
{
    (void)state; /* needs none */
    char *arguments[] = {"/init", "-q", "--", "unlock", NULL};
    assert_int_equal(serve("lock"), -1);
    assert_int_equal(answer_serve(1, arguments), -1);
    assert_int_equal(answer_serve(4, arguments), -1);
}

/* Starts it with that standard input, and its output in the file "said". */
static pid_t start(int input)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    int output = open("said", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    int status = serve("unlock");
    fflush(stdout);
    _exit(status);
}

static int end(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void listen_there(struct answers *answers)
{
    struct error error;
    must_run("mount -t tmpfs run /run && mkdir /run/ebb");
    if (answers_listen(answers, &error) < 0)
        fail_msg("%s", error.text);
}

static void leave_there(struct answers *answers)
{
    answers_close(answers);
    must_run("umount -l /run"); /* whoever was there may not have left yet */
}

/* What comes next from whoever was let in. */
static void expect_answer(struct answers *answers, const char *wanted)
{
    char text[600];
    size_t length = 0;
    while (length == 0) {
        struct pollfd fds[ANSWERS_MOST + 1];
        if (poll(fds, answers_pollfds(answers, fds, ANSWERS_MOST + 1), PATIENCE) <= 0)
            fail_msg("nobody says \"%s\"", wanted);
        length = answers_take(answers, text, sizeof(text));
    }
    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(text, wanted, length);
}

/* A program: a line is one answer, and when there are no more, it has failed. */
static void test_lines(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        enum answers_word word;
        int status;
    } cases[] = {{ANSWERS_OPEN, 0}, {ANSWERS_WRONG, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct answers answers = {0};
        listen_there(&answers);
        answers_tell(&answers, ANSWERS_QUESTION, "what? ");
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(ends[1], "one\ntwo", 7), 7);
        close(ends[1]);
        pid_t child = start(ends[0]);
        close(ends[0]);
        expect_answer(&answers, "one");
        answers_tell(&answers, ANSWERS_WRONG, "not that");
        answers_tell(&answers, ANSWERS_QUESTION, "what? ");
        expect_answer(&answers, "two");
        answers_tell(&answers, cases[i].word, "so it is");
        leave_there(&answers);
        assert_int_equal(end(child), cases[i].status);
        must_run("printf 'not that\\nso it is\\n' | cmp - said");
    }
}

/* A person: sees the question and stars; and the question goes when somebody else has answered. */
static void test_terminal(void **state)
{
    (void)state;
    need_namespace();
    struct terminal terminal;
    struct answers answers = {0};
    terminal_open(&terminal);
    listen_there(&answers);
    answers_tell(&answers, ANSWERS_QUESTION, "what? ");
    pid_t child = start(terminal.device);
    struct pollfd coming = {.fd = answers.socket, .events = POLLIN};
    assert_int_equal(poll(&coming, 1, PATIENCE), 1);
    char unused[1];
    assert_int_equal(answers_take(&answers, unused, 1), 0);
    terminal_assert_shows(&terminal, "what? ");
    terminal_type(&terminal, "ox\bne\r");
    expect_answer(&answers, "one");
    terminal_assert_shows(&terminal, "**\b \b**\r\n");
    answers_tell(&answers, ANSWERS_QUESTION, "and? ");
    terminal_assert_shows(&terminal, "and? ");
    answers_tell(&answers, ANSWERS_OPEN, "opened by a key");
    leave_there(&answers);
    assert_int_equal(end(child), 0);
    terminal_assert_restored(&terminal);
    terminal_assert_rest(&terminal, "\r\n");
    must_run("echo opened by a key | cmp - said");
    terminal.device = -1;
    terminal_close(&terminal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_others),
        TEST(test_lines),
        TEST(test_terminal),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
