/* The store: numbered generations in one folder of the state volume.
 *
 *     N/generation.json   {"format": 1, "label": "…", "init": "/sbin/init", "created": "…"}
 *     N/tree/             the system itself
 *
 * A generation is made under a temporary name and renamed, so a number always names a whole one. */
#ifndef EBB_GENERATIONS_STORE_H
#define EBB_GENERATIONS_STORE_H

#include "plan/context.h"

void generations_check(const struct config *config, struct report *report);

/* What to boot before anything is known of the store: for plans that are only printed. */
struct generation *generation_wanted(struct arena *arena, const char *choice);
/* Reads the store in `folder` (a path below `volume`) and finds "latest", "previous" or a number.
 */
int generation_choose(struct arena *arena, int volume, const char *folder, const char *choice,
                      const struct generation **generation, struct error *error);

/* The same for the greatest number below `number` whose generation is whole. */
int generation_before(struct arena *arena, int volume, const char *folder, unsigned number,
                      const struct generation **generation, struct error *error);

/* What is written about a new generation; NULL leaves a line out. */
struct generation_facts {
    const char *label, *init;
};
/* Makes the folder N (with generation.json and an empty tree/) ready under a temporary name in the
 * store; `tree` is for filling. generation_commit gives it its number. */
int generation_prepare(int volume, const char *folder, const struct generation_facts *facts,
                       int *tree, struct error *error);
int generation_commit(int volume, const char *folder, unsigned *number, struct error *error);

#endif
