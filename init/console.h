/* What a person at the machine sees, whatever `quiet` says and whichever of several consoles they
 * look at. */
#ifndef EBB_INIT_CONSOLE_H
#define EBB_INIT_CONSOLE_H

#include <stdbool.h>

/* Standard input, output and error become /dev/console, or /dev/null if there is none. */
void console_open(void);
/* Writes to every active console. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Asks, and waits for the Enter key, for at most `milliseconds` (0: for ever). False: nobody
 * pressed it. What was typed before the question is no answer. */
bool console_enter(const char *question, unsigned milliseconds);
bool console_exists(void);

#endif
