/* The store: numbered generations in one folder of the state volume.
 *
 *     N/generation.json   {"format": 1, "label": "…", "init": "/sbin/init", "created": "…"}
 *     N/tree/             the system itself; or an image of it, tree.erofs or tree.squashfs
 *     N/ebb.conf          the configuration in it, merged; where it has one
 *     N.label, N.pin      what was said of it later: generations/marks.h
 *
 * Or it is a Nix profile (generations/nix.h). Here it is read; generations/change.h makes and
 * deletes. */
#ifndef EBB_GENERATIONS_STORE_H
#define EBB_GENERATIONS_STORE_H

#include <stdbool.h>
#include <time.h>

#include "generations/record.h"
#include "plan/context.h"

enum { STORE_FORMAT = 1 };

void generations_check(const struct config *config, struct report *report);

/* What to boot before anything is known of the store: for plans that are only printed. */
struct generation *generation_wanted(struct arena *arena, const char *choice);
/* Reads the store that is declared so, on `volume`, and finds "latest", "previous", a number or a
 * label; of two that have the same label, the newer. `record` tells which is the previous one: that
 * which was good last and is not what was attempted since, or else the one before the latest. NULL:
 * nothing is known of boots. */
int generation_choose(struct arena *arena, int volume, const struct generations *declared,
                      const struct record *record, const char *choice,
                      const struct generation **generation, struct error *error);

/* The same for the greatest number below `number` whose generation is whole. */
int generation_before(struct arena *arena, int volume, const struct generations *declared,
                      unsigned number, const struct generation **generation, struct error *error);

/* The choice of that whose init this one is: "latest", or else as nix_choice(); NULL: there is
 * none, as in a store that is no Nix profile. */
const char *generation_of_init(struct arena *arena, int volume, const struct generations *declared,
                               const char *init);

/* The configuration that a generation carries, as a path on its volume, without opening it; NULL:
 * it carries none. The generation need not be whole; `choice` may name a specialisation of it. */
int generation_config(struct arena *arena, int volume, const struct generations *declared,
                      unsigned number, const char *choice, const char **path, struct error *error);

/* When it was made, as seconds since 1970; false: that is not known. `created` may be NULL. */
bool generation_time(const char *created, time_t *seconds);

/* Opens the folder of the store. */
int store_open(int volume, const struct generations *declared, struct error *error);
/* All numbers in it, ascending. */
int store_numbers(struct arena *arena, int store, enum store_kind kind, unsigned **numbers,
                  size_t *count, struct error *error);

#endif
