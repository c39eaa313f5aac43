/* A Nix profile as a store: links system-N-link lead to systems in /nix/store, and `system` to one
 * of the links. A system tells of itself in boot.json, as RFC 125 of Nix says, or in the files that
 * stood beside its init before.
 *
 * The links are paths of the running system, so the volume is one that is mounted on /nix. */
#ifndef EBB_GENERATIONS_NIX_H
#define EBB_GENERATIONS_NIX_H

#include "plan/context.h"

/* What a number stands between in the name of a link, and how long such a name may be. */
#define NIX_BEFORE "system-"
#define NIX_BEHIND "-link"
enum { NIX_NAME = 32 };

void nix_check(const struct config *config, struct report *report);
const char *nix_name(struct arena *arena, unsigned number);
/* The name of the link that the profile leads to now. */
bool nix_current(int profile, char name[static NIX_NAME]);
/* Where "/NAME", a specialisation of a system, begins in a choice such as 42/NAME; NULL: it names
 * none. */
const char *nix_variant(const char *choice);
/* Where a system lies, which is there; `profile` is the folder of the links to systems. */
int nix_system(struct arena *arena, int volume, int profile, const struct generations *declared,
               unsigned number, const char **path, struct error *error);
/* What a path of the running system leads to by the links of the store, from the top of the volume
 * on; NULL: nothing. */
int nix_follow(struct arena *arena, int volume, const struct generations *declared,
               const char *path, const char **found, struct error *error);
/* The choice, such as 42 or 42/NAME, of the system of this number, or of a specialisation of it,
 * whose init is this one; NULL: it is of neither. */
const char *nix_choice(struct arena *arena, int volume, int profile,
                       const struct generations *declared, unsigned number, const char *init);
/* Fills what is known by its number alone. */
int nix_read(struct arena *arena, int volume, int profile, const struct generations *declared,
             struct generation *generation, struct error *error);

#endif
