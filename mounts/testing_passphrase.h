/* What tests of the question for a passphrase share: containers that were found, and a person at a
 * console. */
#ifndef EBB_MOUNTS_TESTING_PASSPHRASE_H
#define EBB_MOUNTS_TESTING_PASSPHRASE_H

#include "mounts/testing.h"

#include "base/testdata/terminal.h"

#include "base/clock.h"
#include "base/console.h"
#include "mounts/passphrase.h"

/* Containers that were found, and a console with a person. Nothing is unlocked here: the tests say
 * what came of each try, as mounts/luks.c does. */
struct scene {
    struct world world;
    struct watch *watch;
    struct terminal terminal;
};

UNUSED static void begin_scene(struct scene *scene, const char *text)
{
    terminal_open(&scene->terminal);
    must_run("mkdir -p /sys/class/tty/console && echo ebb0 > /sys/class/tty/console/active && "
             "ln -sf %s /dev/ebb0",
             scene->terminal.name);
    begin_world(&scene->world, text);
    (void)watch_events(scene->world.context);
    scene->watch = scene->world.context->watch;
    for (size_t i = 0; i < scene->world.config->volume_count; i++) {
        if (!scene->world.config->volumes[i]->luks)
            continue;
        scene->watch->volumes[i].stage = VOLUME_FOUND;
        snprintf(scene->watch->volumes[i].device, 300, "/dev/sd%c", (char)('a' + i));
    }
    log_begin();
}

/* What was logged, for free(3). */
UNUSED static char *end_scene(struct scene *scene)
{
    char *log = log_end();
    end_world(&scene->world);
    if (scene->terminal.person >= 0 && scene->terminal.device >= 0)
        terminal_assert_restored(&scene->terminal);
    terminal_close(&scene->terminal);
    return log;
}

/* Types, and waits until all of it has been taken. */
UNUSED static void answer(struct scene *scene, const char *keys)
{
    unsigned before = passphrase_count(scene->watch);
    terminal_type(&scene->terminal, keys);
    while (passphrase_count(scene->watch) == before) {
        struct pollfd fds[CONSOLE_MAX];
        size_t count = passphrase_pollfds(scene->watch, fds, CONSOLE_MAX);
        assert_int_equal(count, 1);
        if (poll(fds, count, PATIENCE) <= 0)
            fail_msg("nothing was typed");
        passphrase_ask(scene->watch);
    }
}

/* Waits out the pause after a wrong one. */
UNUSED static void wait_for_question(struct scene *scene)
{
    while (!scene->watch->typed || passphrase_pollfds(scene->watch, &(struct pollfd){0}, 1) == 0) {
        assert_true(passphrase_is_asked(scene->watch));
        poll(NULL, 0, passphrase_timeout(scene->watch));
        passphrase_ask(scene->watch);
    }
}

/* Every container has tried all that was typed, and nothing has fitted. */
UNUSED static void fail_all(struct scene *scene)
{
    for (size_t i = 0; i < scene->world.config->volume_count; i++)
        scene->watch->volumes[i].tried = passphrase_count(scene->watch);
    passphrase_ask(scene->watch);
}

#define QUESTION "passphrase for the volume \"one\" (/dev/sda): "
#define TWO "volume one LABEL=a { luks; fs ext4 }\nvolume two LABEL=b { luks; fs ext4 }\n"

#endif
