/* A shell for the rescue, where the declaration allows one: with `rescue shell=yes` to anybody at a
 * console, with a hash to whoever knows its password. */
#ifndef EBB_INIT_SHELL_H
#define EBB_INIT_SHELL_H

#include <stdbool.h>

#include "base/console.h"

#define SHELL_PROGRAM "/bin/busybox"

bool shell_is_allowed(const char *policy);
/* Asks for the password if one is needed; true if it was the right one. */
bool shell_ask(const char *policy, struct console_input *input);
/* Runs the shell on a terminal, until it ends. */
void shell_run(int terminal);

#endif
