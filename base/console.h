/* What a person at the machine sees and types, whatever `quiet` says and whichever of several
 * consoles they sit at. */
#ifndef EBB_BASE_CONSOLE_H
#define EBB_BASE_CONSOLE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* More than the kernel takes of console= parameters; further ones are left alone. */
enum { CONSOLE_MAX = 16 };

/* Standard input, output and error become /dev/console, or /dev/null if there is none. */
void console_open(void);
bool console_exists(void);
/* Writes to every active console. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Asks, and waits for the Enter key on any console, for at most `milliseconds` (0: for ever).
 * False: nobody pressed it. What was typed before the question is no answer. */
bool console_enter(const char *question, unsigned milliseconds);

/* The consoles being read, key by key and without echo. They have numbers below CONSOLE_MAX. */
struct console_input;

enum console_kind {
    CONSOLE_BYTE, /* of a printable character, which may have several */
    CONSOLE_ENTER,
    CONSOLE_BACKSPACE,
    CONSOLE_CLEAR, /* Ctrl-U */
    CONSOLE_ESCAPE,
    CONSOLE_TAB,
    CONSOLE_CONTROL, /* any other control character */
};

struct console_key {
    enum console_kind kind;
    char byte;
    size_t console; /* where it was typed */
};

/* Begins to read all active consoles; what was typed before is discarded. */
int console_listen(struct console_input **input, struct error *error);
/* The same of the terminals that are named. One that cannot be read is left out; none is an
 * error. */
int console_listen_on(const char *const *devices, size_t count, struct console_input **input,
                      struct error *error);
/* Gives the terminals back as they were; accepts NULL. */
void console_input_free(struct console_input *input);

/* Fills in what poll(2) should wait for, and returns how many that are. */
size_t console_pollfds(const struct console_input *input, struct pollfd *fds, size_t room);
/* Takes the next key. -EAGAIN: there is none yet, wait for one; -ENODEV: every console has hung up.
 * Arrow and function keys are left out; to tell them from Escape may take a twentieth of a second.
 */
int console_key(struct console_input *input, struct console_key *key);
/* For what else a terminal can be asked; -1 if it has hung up or there is none of that number. */
int console_fd(const struct console_input *input, size_t console);
/* Writes to one console. */
void console_write(const struct console_input *input, size_t console, const char *text);

#endif
