/* A passphrase that comes from elsewhere. */
#include "mounts/testing_passphrase.h"

#include <sys/stat.h>
#include <sys/un.h>

#include "mounts/answers.h"

#define ELSEWHERE "volume one LABEL=a { luks; fs ext4 }\nhook on-passphrase /bin/true\n"

static unsigned hooks_begun;

static void note_hooks(const struct context *context)
{
    (void)context;
    assert_int_equal(access(ANSWERS_SOCKET, F_OK), 0); /* they find somebody there */
    hooks_begun++;
}

/* Somebody on the network, by way of a hook. */
static int come(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = ANSWERS_SOCKET};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void expect_word(int person, const char *wanted)
{
    char message[ANSWERS_SENTENCE + 2] = "";
    struct pollfd waits = {.fd = person, .events = POLLIN};
    if (poll(&waits, 1, PATIENCE) <= 0)
        fail_msg("nothing is said instead of \"%s\"", wanted);
    ssize_t got = recv(person, message, sizeof(message) - 1, 0);
    assert_true(got >= 0);
    assert_string_equal(message, wanted);
}

static void send_answer(int person, const char *text)
{
    assert_int_equal(send(person, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Two people are asked beside the one at the console; one of them knows. */
static void test_elsewhere(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    size_t length;
    struct stat status;
    must_run("mkdir /run/ebb");
    begin_scene(&scene, ELSEWHERE);
    scene.world.context->asks_first = note_hooks;
    hooks_begun = 0;
    passphrase_ask(scene.watch);
    assert_int_equal(stat(ANSWERS_SOCKET, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    struct pollfd fds[CONSOLE_MAX];
    assert_int_equal(passphrase_pollfds(scene.watch, fds, CONSOLE_MAX), 2);
    auto_fd one = come();
    auto_fd two = come();
    passphrase_ask(scene.watch);
    expect_word(one, "?" QUESTION);
    expect_word(two, "?" QUESTION);
    assert_int_equal(passphrase_pollfds(scene.watch, fds, CONSOLE_MAX), 4);

    send_answer(one, "guess");
    passphrase_ask(scene.watch);
    send_answer(two, "the same guess"); /* is none to the next question */
    assert_string_equal(passphrase_get(scene.watch, 0, &length), "guess");
    assert_int_equal(passphrase_pollfds(scene.watch, fds, CONSOLE_MAX), 0); /* it is tried */
    fail_all(&scene);
    expect_word(one, "-wrong passphrase for the volume \"one\" (/dev/sda)");
    expect_word(two, "-wrong passphrase for the volume \"one\" (/dev/sda)");
    wait_for_question(&scene);
    expect_word(one, "?" QUESTION);
    expect_word(two, "?" QUESTION);
    terminal_assert_shows(&scene.terminal, QUESTION
                          "\r\nwrong passphrase for the volume \"one\" (/dev/sda)\r\n" QUESTION);

    close(TAKE_FD(one)); /* has given up */
    send_answer(two, "secret");
    passphrase_ask(scene.watch);
    assert_int_equal(passphrase_count(scene.watch), 2);
    assert_string_equal(passphrase_get(scene.watch, 1, &length), "secret");
    assert_int_equal(length, 6);
    passphrase_fits(scene.watch, 1);
    scene.watch->volumes[0].stage = VOLUME_OPEN;
    passphrase_ask(scene.watch);
    expect_word(two, "+opened");
    passphrase_forget(scene.watch);
    expect_word(two, ""); /* the end */
    assert_int_equal(access(ANSWERS_SOCKET, F_OK), -1);
    assert_int_equal(hooks_begun, 1);
    free(end_scene(&scene));
}

/* A machine without a console, in a rack, and a hook that may bring somebody. */
static pid_t begin_headless(struct scene *scene)
{
    need_namespace();
    must_run("mkdir /run/ebb");
    begin_scene(scene, ELSEWHERE);
    must_run("rm /dev/ebb0");
    pid_t hook = fork();
    if (hook == 0)
        pause();
    struct minders *minders = scene->world.context->minders;
    minders->list[minders->count++] = hook;
    passphrase_ask(scene->watch);
    assert_true(passphrase_is_asked(scene->watch));
    return hook;
}

/* Then nobody can come any more, and the boot must not wait for ever. */
static void test_hook_ends(void **state)
{
    (void)state;
    struct scene scene;
    pid_t hook = begin_headless(&scene);
    assert_true(passphrase_timeout(scene.watch) > 0); /* it looks again */
    kill(hook, SIGKILL);
    for (int i = 0; i < PATIENCE / 10 && passphrase_is_asked(scene.watch); i++) {
        passphrase_ask(scene.watch);
        usleep(10 * 1000);
    }
    assert_false(passphrase_is_asked(scene.watch));
    free(end_scene(&scene));
}

static void test_only_elsewhere(void **state)
{
    (void)state;
    struct scene scene;
    size_t length;
    pid_t hook = begin_headless(&scene);
    auto_fd person = come();
    passphrase_ask(scene.watch);
    expect_word(person, "?" QUESTION);
    send_answer(person, "secret");
    passphrase_ask(scene.watch);
    assert_string_equal(passphrase_get(scene.watch, 0, &length), "secret");
    scene.watch->volumes[0].stage = VOLUME_OPEN;
    passphrase_fits(scene.watch, 0);
    passphrase_ask(scene.watch);
    assert_false(passphrase_is_asked(scene.watch));
    kill(hook, SIGKILL);
    waitpid(hook, NULL, 0);
    auto_string log = end_scene(&scene);
    assert_string_equal(log, "ebb: no console can be read: nobody can be asked for a passphrase at "
                             "this machine\n"
                             "ebb: asking for the passphrase of the volume \"one\" (/dev/sda)\n");
}

/* The stick is put in while somebody far away is asked, and there are more people than seats. */
static void test_key_comes_elsewhere(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    int people[ANSWERS_MOST];
    must_run("mkdir /run/ebb");
    begin_scene(&scene, ELSEWHERE);
    passphrase_ask(scene.watch);
    for (size_t i = 0; i < ANSWERS_MOST; i++) {
        people[i] = come();
        passphrase_ask(scene.watch);
        expect_word(people[i], "?" QUESTION);
    }
    auto_fd late = come();
    passphrase_ask(scene.watch);
    expect_word(late, "");
    scene.watch->volumes[0].stage = VOLUME_OPEN;
    passphrase_ask(scene.watch);
    for (size_t i = 0; i < ANSWERS_MOST; i++) {
        expect_word(people[i], "+opened by a key");
        close(people[i]);
    }
    free(end_scene(&scene));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_elsewhere),
        ON_MACHINE(test_only_elsewhere),
        ON_MACHINE(test_hook_ends),
        ON_MACHINE(test_key_comes_elsewhere),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
