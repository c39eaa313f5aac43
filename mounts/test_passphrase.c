#include "mounts/testing_passphrase.h"

static void test_answer(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    size_t length = 99;
    begin_scene(&scene, "volume one LABEL=a { luks; fs ext4 }\n");
    assert_false(passphrase_is_asked(scene.watch));
    assert_int_equal(passphrase_count(scene.watch), 0);
    assert_null(passphrase_get(scene.watch, 0, &length));
    assert_int_equal(passphrase_timeout(scene.watch), -1);
    passphrase_ask(scene.watch);
    terminal_assert_shows(&scene.terminal, QUESTION);
    assert_true(passphrase_is_asked(scene.watch));
    answer(&scene, "secret\r");
    terminal_assert_shows(&scene.terminal, "******\r\n");
    assert_int_equal(passphrase_count(scene.watch), 1);
    assert_string_equal(passphrase_get(scene.watch, 0, &length), "secret");
    assert_int_equal(length, 6);
    assert_null(passphrase_get(scene.watch, 1, &length));

    /* As long as it is being tried, nobody is asked for another one. */
    struct pollfd unused;
    assert_int_equal(passphrase_pollfds(scene.watch, &unused, 1), 0);
    passphrase_ask(scene.watch);
    assert_int_equal(passphrase_count(scene.watch), 1);
    assert_true(passphrase_is_asked(scene.watch));

    passphrase_fits(scene.watch, 0);
    scene.watch->volumes[0].stage = VOLUME_OPEN;
    passphrase_ask(scene.watch);
    assert_false(passphrase_is_asked(scene.watch));
    assert_non_null(passphrase_get(scene.watch, 0, &length)); /* for containers that come later */
    passphrase_forget(scene.watch);
    assert_null(passphrase_get(scene.watch, 0, &length));
    auto_string log = end_scene(&scene);
    assert_string_equal(log, "ebb: asking for the passphrase of the volume \"one\" (/dev/sda)\n");
}

static void test_wrong(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    size_t length;
    begin_scene(&scene, "volume one LABEL=a { luks tries=2; fs ext4 }\n");
    struct progress *progress = &scene.watch->volumes[0];
    passphrase_ask(scene.watch);
    answer(&scene, "a\r");
    fail_all(&scene);
    assert_int_equal(progress->wrong, 1);
    assert_int_equal(progress->error.code, 0);
    assert_null(passphrase_get(scene.watch, 0, &length));
    wait_for_question(&scene);
    terminal_assert_shows(&scene.terminal, QUESTION
                          "*\r\nwrong passphrase for the volume \"one\" (/dev/sda)\r\n" QUESTION);
    answer(&scene, "b\r");
    fail_all(&scene);
    assert_int_equal(progress->wrong, 2);
    assert_outcome(
        "wrong", -progress->error.code, &progress->error,
        "the volume \"one\" on /dev/sda stays locked after 2 wrong passphrases; retry, or "
        "declare more with luks tries=");
    assert_int_equal(progress->error.code, ECANCELED);
    /* Who guesses waits a little, and then nobody asks for what has failed. */
    assert_true(passphrase_timeout(scene.watch) > 0);
    scene.watch->volumes[0].error.code = 0;
    passphrase_ask(scene.watch);
    assert_int_equal(passphrase_pollfds(scene.watch, &(struct pollfd){0}, 1), 0);
    auto_string log = end_scene(&scene);
    assert_contains(log, "asking for");
}

/* One question for all; what fits one of them is tried on all, and the next names what is left. */
static void test_several(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    size_t length;
    begin_scene(&scene, TWO);
    passphrase_ask(scene.watch);
    terminal_assert_shows(&scene.terminal, "passphrase for the volumes \"one\" (/dev/sda), \"two\" "
                                           "(/dev/sdb): ");
    answer(&scene, "x\r");
    passphrase_fits(scene.watch, 0);
    scene.watch->volumes[1].stage = VOLUME_OPEN;
    passphrase_ask(scene.watch); /* the first one has not tried it yet */
    assert_int_equal(passphrase_pollfds(scene.watch, &(struct pollfd){0}, 1), 0);
    scene.watch->volumes[0].tried = 1;
    passphrase_ask(scene.watch);
    terminal_assert_shows(&scene.terminal, "*\r\n" QUESTION);
    assert_int_equal(scene.watch->volumes[0].wrong, 0); /* it was not typed for that one */
    assert_non_null(passphrase_get(scene.watch, 0, &length));
    auto_string log = end_scene(&scene);
    assert_contains(log, "asking for the passphrase of the volumes \"one\"");
    assert_contains(log, "asking for the passphrase of the volume \"one\"");
}

/* The stick is put in while somebody is asked. */
static void test_key_comes_first(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    begin_scene(&scene, "volume one LABEL=a { luks keyfile=/key; fs ext4 }\n");
    passphrase_ask(scene.watch);
    terminal_assert_shows(&scene.terminal, QUESTION);
    terminal_type(&scene.terminal, "ab");
    scene.watch->volumes[0].attempt.child = 1; /* it is being tried: typing goes on */
    for (unsigned shown = 0; shown < 2; shown++)
        terminal_assert_shows(&scene.terminal, (passphrase_ask(scene.watch), "*"));
    scene.watch->volumes[0].attempt.child = 0;
    scene.watch->volumes[0].stage = VOLUME_OPEN;
    passphrase_ask(scene.watch);
    terminal_assert_shows(&scene.terminal, "\r\n");
    assert_false(passphrase_is_asked(scene.watch));
    assert_int_equal(passphrase_count(scene.watch), 0);
    free(end_scene(&scene));
}

/* What cannot be tried is not asked for: its header is on a volume that is not there. */
static void test_no_header(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    begin_scene(&scene, "volume one /dev/sda { luks header=keys:/h; fs ext4 }\n"
                        "volume keys LABEL=keys { fs vfat }\n");
    passphrase_ask(scene.watch);
    assert_false(passphrase_is_asked(scene.watch));
    scene.watch->volumes[1].stage = VOLUME_FOUND;
    passphrase_ask(scene.watch);
    assert_true(passphrase_is_asked(scene.watch));
    terminal_assert_shows(&scene.terminal, QUESTION);
    free(end_scene(&scene));
}

/* After a shell in rescue nothing of before is known, and what is typed then is new. */
static void test_forgotten(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    size_t length;
    begin_scene(&scene, "volume one LABEL=a { luks; fs ext4 }\n");
    passphrase_ask(scene.watch);
    answer(&scene, "one\r");
    scene.watch->volumes[0].tried = 1;
    passphrase_forget(scene.watch);
    passphrase_fits(scene.watch, 0); /* of a child that had begun before */
    assert_false(passphrase_is_asked(scene.watch));
    assert_int_equal(passphrase_count(scene.watch), 1);
    passphrase_ask(scene.watch);
    answer(&scene, "two\r");
    assert_int_equal(passphrase_count(scene.watch), 2);
    assert_null(passphrase_get(scene.watch, 0, &length));
    assert_string_equal(passphrase_get(scene.watch, 1, &length), "two");
    passphrase_hush(scene.watch);
    assert_false(passphrase_is_asked(scene.watch));
    terminal_assert_restored(&scene.terminal);
    assert_string_equal(passphrase_get(scene.watch, 1, &length), "two");
    free(end_scene(&scene));
}

/* Sixteen are kept. */
static void test_many(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    size_t length;
    begin_scene(&scene, "volume one LABEL=a { luks; fs ext4 }\n");
    for (unsigned i = 0; i < 20; i++) {
        char keys[20];
        snprintf(keys, sizeof(keys), "p%u\r", i);
        passphrase_ask(scene.watch);
        answer(&scene, keys);
        passphrase_fits(scene.watch, i);
        scene.watch->volumes[0].tried = i + 1;
    }
    assert_null(passphrase_get(scene.watch, 3, &length));
    assert_string_equal(passphrase_get(scene.watch, 4, &length), "p4");
    assert_string_equal(passphrase_get(scene.watch, 19, &length), "p19");
    assert_int_equal(length, 3);
    passphrase_fits(scene.watch, 3); /* is not that of number 19 */
    free(end_scene(&scene));
}

static void test_nobody(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    begin_scene(&scene, "volume one LABEL=a { luks; fs ext4 }\n");
    must_run("rm /dev/ebb0");
    passphrase_ask(scene.watch);
    passphrase_ask(scene.watch); /* is not said twice */
    assert_false(passphrase_is_asked(scene.watch));
    /* The next step asks anew. */
    passphrase_hush(scene.watch);
    must_run("ln -s %s /dev/ebb0", scene.terminal.name);
    passphrase_ask(scene.watch);
    terminal_assert_shows(&scene.terminal, QUESTION);
    auto_string log = end_scene(&scene);
    assert_string_equal(log, "ebb: no console can be read: nobody can be asked for a passphrase\n"
                             "ebb: asking for the passphrase of the volume \"one\" (/dev/sda)\n");
}

static void test_hung_up(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    struct pollfd fds[CONSOLE_MAX];
    begin_scene(&scene, "volume one LABEL=a { luks; fs ext4 }\n");
    passphrase_ask(scene.watch);
    terminal_hang_up(&scene.terminal);
    while (passphrase_is_asked(scene.watch)) {
        size_t count = passphrase_pollfds(scene.watch, fds, CONSOLE_MAX);
        assert_int_equal(poll(fds, count, PATIENCE), 1);
        passphrase_ask(scene.watch);
    }
    passphrase_ask(scene.watch);
    assert_false(passphrase_is_asked(scene.watch));
    auto_string log = end_scene(&scene);
    assert_contains(log, "every console has hung up: nobody can be asked for a passphrase\n");
}

static unsigned told; /* how often */

static void tell(const struct context *context)
{
    assert_int_equal(context->is_waiting, told++ == 0);
}

/* Who keeps the record of boots is told that a person is asked, and of the end of that. */
static void test_told(void **state)
{
    (void)state;
    need_namespace();
    struct scene scene;
    struct error error;
    begin_scene(&scene, TWO);
    scene.world.context->waits = tell;
    scene.world.context->states[0].fd = STDIN_FILENO; /* nobody looks for its device */
    (void)error_set(&scene.watch->volumes[1].error, EIO, "broken");
    assert_int_equal(
        watch_until(scene.world.context, scene.world.config->volumes[1], VOLUME_OPEN, &error),
        -EIO);
    assert_int_equal(told, 2);
    scene.world.context->states[0].fd = -1;
    auto_string log = end_scene(&scene);
    assert_contains(log, "asking for the passphrase of the volume \"one\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_answer),    ON_MACHINE(test_wrong),     ON_MACHINE(test_several),
        ON_MACHINE(test_no_header), ON_MACHINE(test_forgotten), ON_MACHINE(test_key_comes_first),
        ON_MACHINE(test_many),      ON_MACHINE(test_nobody),    ON_MACHINE(test_hung_up),
        ON_MACHINE(test_told),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
