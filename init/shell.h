/* A shell for the rescue, where the declaration allows one: with `rescue shell=yes` to anybody at a
 * console, with a hash to whoever knows its password. */
#ifndef EBB_INIT_SHELL_H
#define EBB_INIT_SHELL_H

#include <stdbool.h>

#include "base/console.h"

/* Whether it is declared, and there is one in the image. */
bool shell_is_offered(const char *policy);
/* Asks for the password if one is needed; true if it was the right one. */
bool shell_ask(const char *policy, struct console_input *input);
/* Runs the shell on a terminal, until it ends. */
void shell_run(int terminal);

/* Whether it is the password that the hash was made of, by any method of crypt(5). */
bool shell_fits(const char *password, const char *hash);

#endif
