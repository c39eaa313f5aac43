/* `ebb secrets`: its verbs are files of their own, and rows of the table in secrets.c. */
#ifndef EBB_TOOL_SECRETS_H
#define EBB_TOOL_SECRETS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/path.h"
#include "plan/config.h"

/* argv[0] is the verb's own name. */
int secrets_list(int argc, char **argv);
int secrets_recipient(int argc, char **argv);

/* What the verbs do, over any root; all return the exit status. */

/* Of the keys in files; of none: of those that the configuration declares, which may be NULL, and
 * of that of the SSH server. */
int recipient_tell(struct target root, const struct config *config, char **files, int count,
                   FILE *out);
/* What is declared, and what became of it. */
int list_tell(struct target root, const struct config *config, bool json, FILE *out);

#endif
