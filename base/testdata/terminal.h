/* A pseudo terminal with a test at the far end: it types, and sees what a person would see. */
#ifndef EBB_BASE_TESTDATA_TERMINAL_H
#define EBB_BASE_TESTDATA_TERMINAL_H

#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>

enum { PATIENCE = 20000 }; /* milliseconds until a test that would hang has failed */

struct terminal {
    int person; /* the far end: keyboard and screen */
    int device; /* the test's own descriptor of what the program opens as `name` */
    char name[64];
    struct termios before;
};

UNUSED static void terminal_open(struct terminal *terminal)
{
    terminal->person = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (terminal->person < 0)
        skip_because("there are no pseudo terminals here");
    assert_int_equal(grantpt(terminal->person), 0);
    assert_int_equal(unlockpt(terminal->person), 0);
    assert_int_equal(ptsname_r(terminal->person, terminal->name, sizeof(terminal->name)), 0);
    terminal->device = open(terminal->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal->device >= 0);
    /* Otherwise the terminal would add a carriage return of its own to each line. */
    assert_int_equal(tcgetattr(terminal->device, &terminal->before), 0);
    terminal->before.c_oflag &= ~(tcflag_t)OPOST;
    assert_int_equal(tcsetattr(terminal->device, TCSANOW, &terminal->before), 0);
}

UNUSED static void terminal_close(const struct terminal *terminal)
{
    close(terminal->device);
    close(terminal->person);
}

/* The cable is pulled. */
UNUSED static void terminal_hang_up(struct terminal *terminal)
{
    close(terminal->person);
    terminal->person = -1;
}

UNUSED static void terminal_type_bytes(const struct terminal *terminal, const char *keys,
                                       size_t length)
{
    assert_int_equal(write(terminal->person, keys, length), length);
}

UNUSED static void terminal_type(const struct terminal *terminal, const char *keys)
{
    terminal_type_bytes(terminal, keys, strlen(keys));
}

/* Adds to `shown` what is on the screen now, up to `wanted` bytes; returns how many there are. */
UNUSED static size_t terminal_look(const struct terminal *terminal, char *shown, size_t length,
                                   size_t wanted)
{
    ssize_t got = read(terminal->person, shown + length, wanted - length);
    return length + (got > 0 ? (size_t)got : 0);
}

/* Waits for as many bytes as are expected. Too many fail the next call, and terminal_assert_rest.
 */
UNUSED static void terminal_assert_shows(const struct terminal *terminal, const char *expected)
{
    char shown[8192];
    size_t length = 0, before, wanted = strlen(expected);
    assert_true(wanted < sizeof(shown));
    do {
        struct pollfd wait = {.fd = terminal->person, .events = POLLIN};
        before = length;
        if (length < wanted && poll(&wait, 1, PATIENCE) > 0)
            length = terminal_look(terminal, shown, length, wanted);
    } while (length > before);
    shown[length] = '\0';
    assert_string_equal(shown, expected);
}

/* Once the program has closed its end: what is left on the screen is this and no more. */
UNUSED static void terminal_assert_rest(struct terminal *terminal, const char *expected)
{
    char more;
    close(terminal->device);
    terminal->device = -1;
    terminal_assert_shows(terminal, expected);
    assert_int_equal(read(terminal->person, &more, 1), -1);
    assert_int_equal(errno, EIO); /* and not EAGAIN: nobody can write any more */
}

UNUSED static void terminal_assert_restored(const struct terminal *terminal)
{
    struct termios now;
    assert_int_equal(tcgetattr(terminal->device, &now), 0);
    assert_int_equal(now.c_iflag, terminal->before.c_iflag);
    assert_int_equal(now.c_oflag, terminal->before.c_oflag);
    assert_int_equal(now.c_cflag, terminal->before.c_cflag);
    assert_int_equal(now.c_lflag, terminal->before.c_lflag);
    assert_memory_equal(now.c_cc, terminal->before.c_cc, sizeof(now.c_cc));
}

#endif
