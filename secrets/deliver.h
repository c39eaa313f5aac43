/* What becomes of one secret: its file in the set, with its owner, and the link and credential that
 * lead to it; or why it is not there, and what a boot does then. */
#ifndef EBB_SECRETS_DELIVER_H
#define EBB_SECRETS_DELIVER_H

#include "plan/context.h"
#include "secrets/fault.h"
#include "secrets/secret.h"

/* What became of a secret, for /run/secrets.d/.status.json. */
struct delivery {
    const struct secret_entry *secret;
    enum fault fault;
};

/* Of a step: the worst of what its secrets' classes ask for, with the first reason. */
struct outcome {
    bool fails, asks, ignored;
    struct error first;
};

/* `run` is the folder that is to be /run. */
void deliver_value(struct context *context, int run, const struct secret_entry *secret,
                   const struct secret *value, struct outcome *outcome);
void deliver_fault(struct context *context, const struct secret_entry *secret, enum fault fault,
                   const char *reason, struct outcome *outcome);
/* Tells of all that was delivered so far; returns what the step does. */
int deliver_end(struct context *context, int run, const struct outcome *outcome,
                struct error *error);

/* What is done as well, unless the set is made aside, which has no credentials either: the link of
 * a secret that has one, in the root, and what became of all in /run/secrets.d/.status.json. */
int secrets_link(const struct secret_entry *secret, const struct context *context,
                 struct error *error);
int secrets_tell(const struct context *context, int run, struct error *error);

#endif
