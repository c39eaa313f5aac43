/* The private keys that a file of secrets is tried with: opened where they lie, made where they are
 * missing and may be, and unlocked by somebody who knows the passphrase.
 *
 * Nothing but a worker looks into a key. One that was unlocked waits in locked memory for the other
 * files of this boot, until keys_forget. */
#ifndef EBB_SECRETS_KEYS_H
#define EBB_SECRETS_KEYS_H

#include "plan/context.h"
#include "secrets/worker.h"

struct keys {
    struct worker_file *files; /* that can be used */
    size_t count;
    const struct secrets_key **locked; /* that nobody was asked about yet */
    size_t locked_count;
};

/* Tells what cannot be opened. Fails, as the first of them did, if there is none at all. */
int keys_open(const struct secrets *secrets, struct context *context, struct keys *keys,
              struct error *error);
void keys_close(const struct keys *keys);
/* Asks for the passphrases of those that are locked, until one is open. */
int keys_unlock(struct context *context, struct keys *keys, struct error *error);
/* Wipes what was unlocked. */
void keys_forget(struct context *context);

/* Makes a key of age in a place where there is none, and shows its recipient on the consoles. */
int keys_generate(const struct secrets_key *key, int volume, struct error *error);
/* Asks for the passphrase of the key in `file`, a few times at most; fills `text` with what it
 * opens, in locked memory. -ENOKEY: it stays locked. */
int keys_ask(const struct secrets_key *key, const struct worker_file *file, struct context *context,
             struct secret *text, struct error *error);

#endif
