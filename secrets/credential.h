/* Secrets as systemd's credentials. Those in /run/credentials/@initrd become the system's own,
 * which systemd takes over from version 254 on; and LoadCredential= of any version finds the links
 * in /run/credstore. */
#ifndef EBB_SECRETS_CREDENTIAL_H
#define EBB_SECRETS_CREDENTIAL_H

#include "plan/config.h"
#include "secrets/secret.h"

/* Why it can be none of a credential ("contains \":\""), or NULL. */
const char *credential_objection(const char *name);
/* `run` is the folder that is to be /run. */
int credential_give(int run, const struct secret_entry *secret, const struct secret *value,
                    struct error *error);
/* The link alone, for units that are started: systemd takes those of the system over only once. */
int credential_link(int run, const struct secret_entry *secret, struct error *error);
/* Takes all of them back. */
int credentials_discard(int run, struct error *error);

#endif
