/* LUKS containers: every way to open one is tried as soon as it can be, and the first that fits
 * wins. A key that never appears only means that a person is asked; one that appears while somebody
 * is asked ends the question. A passphrase is tried on every container before anybody is asked for
 * another one. */
#ifndef EBB_MOUNTS_LUKS_H
#define EBB_MOUNTS_LUKS_H

#include <poll.h>

#include "mounts/watch.h"

/* What is wrong with the declared containers and their keys. */
void luks_check(const struct config *config, struct report *report);
/* STEP_UNLOCK for every container. */
void unlocks_plan(const struct config *config, struct plan *plan);
void unlock_sentence(const struct step *step, FILE *stream);
int unlock_apply(const struct step *step, struct context *context, struct error *error);

/* Starts what can be tried on a container that was found, and takes note of what came of it. */
void luks_advance(struct watch *watch, const struct volume *volume);
/* Whether a passphrase can be tried on it: its header is at hand. */
bool luks_is_readable(const struct watch *watch, const struct volume *volume);
/* Says why a container is still locked. */
int luks_overdue(struct watch *watch, const struct volume *volume, struct error *error);

#endif
