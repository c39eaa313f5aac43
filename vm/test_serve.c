/* The agent's side of the line, over a socket pair: the loop that runs in a guest, here in a child
 * of the test, with commands in our own root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "vm/serve.h"

struct line {
    int host;
    pid_t guest;
    struct frame_reader reader;
};

/* Ends with the wish as its status, or with 99 if the line is gone. */
static _Noreturn void be_guest(int port, const char *ready)
{
    struct guest guest = {.port = port, .proc = -1};
    enum wish wish = WISH_NONE;
    if (ready)
        (void)serve_ready(&guest, ready); /* said before the host greets: must not confuse it */
    while (wish == WISH_NONE)
        if (serve(&guest, -1, &wish) < 0)
            _exit(99);
    _exit((int)wish);
}

static int open_line(void **state)
{
    static struct line line;
    int ends[2];
    line = (struct line){.host = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    line.guest = fork();
    if (line.guest == 0) {
        close(ends[0]);
        be_guest(ends[1], "running");
    }
    close(ends[1]);
    line.host = ends[0];
    *state = &line;
    return 0;
}

static int close_line(void **state)
{
    struct line *line = *state;
    bytes_free(&line->reader.bytes);
    close(line->host);
    kill(line->guest, SIGKILL);
    waitpid(line->guest, NULL, 0);
    return 0;
}

static void say(struct line *line, const char *word, const char *data)
{
    assert_int_equal(frame_send(line->host, word, data, strlen(data)), 0);
}

static struct frame hear(struct line *line)
{
    struct frame frame;
    while (!frame_next(&line->reader, &frame))
        if (bytes_read(&line->reader.bytes, line->host) <= 0)
            fail_msg("the guest has hung up");
    return frame;
}

static void expect(struct line *line, const char *word, const char *data)
{
    struct frame frame = hear(line);
    assert_string_equal(frame.word, word);
    assert_int_equal(frame.length, strlen(data));
    assert_memory_equal(frame.data, data, frame.length);
}

/* What a machine says first, for a host that spoke with the one before. */
static void test_begin(void **state)
{
    (void)state; /* the guest is this test */
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    struct line line = {.host = ends[0]};
    assert_int_equal(write(ends[1], "EXIT 8\nstat", 11), 11);
    assert_int_equal(serve_begin(&(struct guest){.port = ends[1], .proc = -1}), 0);
    expect(&line, "HELLO", "");
    bytes_free(&line.reader.bytes);
    close(ends[0]);
    close(ends[1]);
}

static void greet(struct line *line, const char *nonce)
{
    say(line, "HELLO", nonce);
    expect(line, "HELLO", nonce);
    expect(line, "READY", "running");
}

/* The streams of a command, each put together; their order to one another is open. */
static void run(struct line *line, const char *command, struct bytes *out, struct bytes *err,
                char end[32])
{
    say(line, "EXEC", command);
    for (;;) {
        struct frame frame = hear(line);
        if (frame_is(&frame, "EXIT")) {
            snprintf(end, 32, "%.*s", (int)frame.length, frame.data);
            return;
        }
        assert_true(frame_is(&frame, "OUT") || frame_is(&frame, "ERR"));
        bytes_append(frame_is(&frame, "OUT") ? out : err, frame.data, frame.length);
    }
}

static void test_commands(void **state)
{
    static const struct {
        const char *command, *out, *err, *end;
    } cases[] = {
        {"echo hello", "hello\n", "", "status 0"},
        {"echo no >&2; exit 3", "", "no\n", "status 3"},
        {"kill -TERM $$", "", "", "signal 15"},
        {"cat; pwd", "/tmp\n", "", "status 0"},
        {"printf 'a\\000b' | od -An -c", "   a  \\0   b\n", "", "status 0"},
        {"sleep 3 & echo left behind", "left behind\n", "", "status 0"},
        {"test -z \"$EBB_TEST\" && umask", "0022\n", "", "status 0"},
        {"nonsense 2>/dev/null", "", "", "status 127"},
    };
    struct line *line = *state;
    greet(line, "1");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct bytes out = {0}, err = {0};
        char end[32];
        bytes_append(&out, "", 0);
        bytes_append(&err, "", 0);
        run(line, cases[i].command, &out, &err, end);
        assert_string_equal(out.data, cases[i].out);
        assert_string_equal(err.data, cases[i].err);
        assert_string_equal(end, cases[i].end);
        bytes_free(&out);
        bytes_free(&err);
    }
}

static void test_much_output(void **state)
{
    struct line *line = *state;
    struct bytes out = {0}, err = {0};
    char end[32];
    greet(line, "1");
    run(line, "head -c 3000000 /dev/zero; head -c 100000 /dev/zero >&2", &out, &err, end);
    assert_int_equal(out.length, 3000000);
    assert_int_equal(err.length, 100000);
    assert_string_equal(end, "status 0");
    bytes_free(&out);
    bytes_free(&err);
}

/* A host that lost patience greets anew, which ends the command that runs. */
static void test_given_up(void **state)
{
    struct line *line = *state;
    greet(line, "1");
    say(line, "EXEC", "echo begun; sleep 1000; echo never");
    expect(line, "OUT", "begun\n");
    say(line, "HELLO", "2");
    expect(line, "EXIT", "signal 9");
    expect(line, "HELLO", "2");
    expect(line, "READY", "running");
}

static void test_noise_before_greeting(void **state)
{
    struct line *line = *state;
    static const char noise[] = "EXEC 9\necho no\n garbage HELLO x\nHELL";
    assert_int_equal(bytes_send(line->host, noise, sizeof(noise)), 0);
    greet(line, "1");
    /* something that is no frame: the next greeting is understood again */
    assert_int_equal(bytes_send(line->host, "exec 5\n", 7), 0);
    greet(line, "2");
}

static void check_wish(struct line *line, const char *word, int wish)
{
    int status;
    greet(line, "1");
    say(line, word, "");
    assert_int_equal(waitpid(line->guest, &status, 0), line->guest);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), wish);
}

static void test_power_off(void **state)
{
    check_wish(*state, "POWEROFF", WISH_POWEROFF);
}

static void test_reboot(void **state)
{
    check_wish(*state, "REBOOT", WISH_REBOOT);
}

static void test_host_gone(void **state)
{
    struct line *line = *state;
    int status;
    greet(line, "1");
    shutdown(line->host, SHUT_RDWR);
    assert_int_equal(waitpid(line->guest, &status, 0), line->guest);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 99);
}

static void test_headers(void **state)
{
    (void)state; /* needs no guest */
    static const struct {
        const char *text;
        bool whole;
        const char *word, *data;
    } cases[] = {
        {"HELLO 0\n", true, "HELLO", ""},
        {"HELLO 3\nabc", true, "HELLO", "abc"},
        {"HELLO 3\nab", false, "", ""},
        {"HELLO 3", false, "", ""},
        {"OUT 1\nx", false, "", ""}, /* nothing counts before a greeting */
        {"xxHELLO 1\ny", true, "HELLO", "y"},
        {"HELLO \nHELLO 1\nz", true, "HELLO", "z"},
        {"HELLO -1\nHELLO 1\nz", true, "HELLO", "z"},
        {"HELLO 999999\nHELLO 1\nz", true, "HELLO", "z"},
        {"HELLO 1 1\nHELLO 1\nz", true, "HELLO", "z"},
        {"HELLO 00000000000000000000000001\nHELLO 1\nz", true, "HELLO", "z"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct frame_reader reader = {0};
        struct frame frame = {0};
        bytes_append(&reader.bytes, cases[i].text, strlen(cases[i].text));
        assert_int_equal(frame_next(&reader, &frame), cases[i].whole);
        if (cases[i].whole) {
            assert_string_equal(frame.word, cases[i].word);
            assert_int_equal(frame.length, strlen(cases[i].data));
            assert_memory_equal(frame.data, cases[i].data, frame.length);
            assert_false(frame_next(&reader, &frame));
        }
        bytes_free(&reader.bytes);
    }
}

static void test_too_long(void **state)
{
    (void)state; /* needs no guest */
    static char data[FRAME_LIMIT + 1];
    assert_int_equal(frame_send(-1, "EXEC", data, sizeof(data)), -EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_begin),
        cmocka_unit_test_setup_teardown(test_commands, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_much_output, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_given_up, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_noise_before_greeting, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_power_off, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_reboot, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_host_gone, open_line, close_line),
    };
    signal(SIGPIPE, SIG_IGN);
    setenv("EBB_TEST", "must not reach commands", 1);
    return chdir("/tmp") == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
