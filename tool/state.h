/* States of what persists (persist/states.h) on the running system: kept before a trial, ordered
 * back by `ebb rollback --with-state`, told by `ebb list`, and deleted by `ebb gc`. */
#ifndef EBB_TOOL_STATE_H
#define EBB_TOOL_STATE_H

#include <stdio.h>
#include <time.h>

#include "base/memory.h"
#include "base/path.h"
#include "persist/states.h"
#include "plan/config.h"

enum { STATES_KEPT = 3 }; /* the newest of each volume, which `ebb gc` leaves */

struct state {
    const char *name;
    struct state_moment moment;
};
/* A volume of btrfs that persist entries lie on. */
struct state_volume {
    const struct volume *volume;
    int fd;             /* its top */
    int folder;         /* of the states, -1: there are none */
    struct state *list; /* the newest first */
    size_t count;
    struct state_order ordered, restored; /* names are "" where there is none */
};
struct states {
    struct arena *arena;
    struct state_volume *volumes;
    size_t count;
};

/* Of all such volumes that the configuration declares. */
int states_open(struct arena *arena, struct target root, const struct config *config,
                struct states *states, struct error *error);
void states_close(const struct states *states);
/* NULL: the volume has none of that name. */
const struct state *states_find(const struct state_volume *volume, const char *name);
/* A name for a state of now, when that generation runs, which no volume has yet. */
void states_new_name(const struct states *states, unsigned generation, time_t now,
                     char name[static STATE_NAME]);
/* Removes what is called `name` in the folder of states. */
int states_discard(int folder, const char *name, struct error *error);

/* Where a state is made, and where it is deleted: a power cut leaves it, and the next one that does
 * either removes it. */
#define STATE_UNFINISHED ".new"

/* Before a trial. What cannot be kept is told, and the trial goes on. */
void state_keep(struct target root, const struct config *config, unsigned generation, time_t now,
                FILE *out);

/* The state called `name`, or, if that is NULL, the newest one of the generation. */
int state_choose(const struct states *states, const char *name, unsigned generation,
                 const struct state **state, struct error *error);
/* Has the next boot bring it back, and keep what generation `running` leaves. */
int state_order(const struct states *states, const struct state *state, unsigned running,
                time_t now, FILE *out, struct error *error);
/* Nothing is to be brought back, whatever was ordered before. */
int state_take_back(const struct states *states, FILE *out, struct error *error);

/* For people; nothing where there are none. */
void state_print(const struct states *states, FILE *out);
struct json_object *state_objects(const struct states *states);
/* Deletes all but the newest ones, and those that are ordered. */
int state_collect(const struct states *states, bool dry_run, FILE *out, struct error *error);

#endif
