/* The passphrases of this boot: what people have typed, kept in locked memory until the last
 * container is open, and the question for another one. */
#ifndef EBB_MOUNTS_PASSPHRASE_H
#define EBB_MOUNTS_PASSPHRASE_H

#include <poll.h>

#include "mounts/watch.h"

/* How many have been typed in this boot; forgotten ones count. */
unsigned passphrase_count(const struct watch *watch);
/* The passphrase of that number, NULL if it was forgotten because it fitted nothing. */
const char *passphrase_get(const struct watch *watch, unsigned number, size_t *length);
/* It has opened a container, and may open others. */
void passphrase_fits(struct watch *watch, unsigned number);

/* Begins to ask when nothing else is left to try, takes what was typed, ends the question when
 * nothing needs it any more. */
void passphrase_ask(struct watch *watch);
bool passphrase_is_asked(const struct watch *watch);
size_t passphrase_pollfds(const struct watch *watch, struct pollfd *fds, size_t room);
/* In how many milliseconds passphrase_ask wants to be called in any case; -1: never. */
int passphrase_timeout(const struct watch *watch);
/* Ends the question for now: somebody else wants the consoles. */
void passphrase_hush(struct watch *watch);
/* Wipes all of them, and gives the consoles back. */
void passphrase_forget(struct watch *watch);

#endif
