/* Changing the store. A generation is made under a temporary name and renamed, and renamed away
 * before it is deleted, so that a number always names a whole one. */
#ifndef EBB_GENERATIONS_CHANGE_H
#define EBB_GENERATIONS_CHANGE_H

#include "base/error.h"

/* Opens the store, whose folder is made where it is missing, for changes: until it is closed,
 * nobody else makes or deletes generations. So what lies there half made or half deleted was left
 * by a power cut, and is removed. */
int store_lock(int volume, const char *folder, int *store, struct error *error);

/* What is written about a new generation; NULL and 0 leave a line out. */
struct generation_facts {
    const char *label, *init;
    unsigned parent;            /* what it is made from */
    const char *const *command; /* by which; NULL-terminated */
};
/* Makes the folder N (with generation.json and an empty tree/) ready under a temporary name in the
 * store, and opens it. generation_commit gives it its number, generation_abandon removes it. */
int generation_prepare(int store, const struct generation_facts *facts, int *folder,
                       struct error *error);
int generation_commit(int store, unsigned *number, struct error *error);
int generation_abandon(int store, struct error *error);

int generation_delete(int store, unsigned number, struct error *error);

#endif
