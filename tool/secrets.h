/* `ebb secrets`: its verbs are files of their own, and rows of the table in secrets.c. */
#ifndef EBB_TOOL_SECRETS_H
#define EBB_TOOL_SECRETS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/path.h"
#include "plan/config.h"

/* argv[0] is the verb's own name. */
int verb_secrets_apply(int argc, char **argv);
int verb_secrets_check(int argc, char **argv);
int verb_secrets_list(int argc, char **argv);
int verb_secrets_recipient(int argc, char **argv);

/* What the verbs do, over any root; all return the exit status. */

/* Of the keys in files; of none: of those that the configuration declares, which may be NULL, and
 * of that of the SSH server. */
int recipient_tell(struct target root, const struct config *config, char **files, int count,
                   FILE *out);
/* Makes the next set of secrets in /run; the root is where links to them are. */
int apply_secrets(struct target root, const struct config *config, bool dry_run, FILE *out);

struct check_wish {
    const char **recipients, **keys; /* the machine's; files of public keys */
    const char **volumes;            /* VOLUME=FOLDER */
    size_t recipient_count, key_count, volume_count;
    bool owners; /* the root is that of the machine, and knows its users */
};

/* What would go wrong with the secrets in a boot. */
int check_tell(struct target root, const struct config *config, const struct check_wish *wish,
               FILE *out);
/* What is declared, and what became of it. */
int secrets_list_tell(struct target root, const struct config *config, bool json, FILE *out);

#endif
