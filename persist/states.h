/* States: what persisted at some moment, on volumes of btrfs. Each is a folder .ebb/states/NAME at
 * the top of the volume, and NAME says which generation ran then, and when: 3-20260131T235959. In
 * it lies a subvolume for each folder of persist entries, called as its path with "%" for "/".
 *
 * An order for the next boot is the file .ebb/restore: the name of the state that is to be brought
 * back, and the name under which what is there until then is kept. Once that is done it is called
 * .ebb/restored. */
#ifndef EBB_PERSIST_STATES_H
#define EBB_PERSIST_STATES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define STATES_FOLDER "/.ebb/states"
#define STATE_ORDERED "restore"
#define STATE_RESTORED "restored"
enum { STATE_NAME = 64 };

struct state_moment {
    unsigned generation; /* that ran then; 0: none */
    int64_t time;
    unsigned number; /* of those of one second; the first is 1 */
};
void state_write_name(char name[static STATE_NAME], const struct state_moment *moment);
/* False for what is no name of a state. */
bool state_read_name(const char *name, struct state_moment *moment);

/* What the folder `path` of a volume is called in a state; false: it cannot be called so. */
bool state_entry(const char *path, char entry[static NAME_MAX + 1]);
/* The way back; false for what is no such name. */
bool state_path(const char *entry, char path[static NAME_MAX + 1]);

struct state_order {
    char name[STATE_NAME], aside[STATE_NAME];
};
/* STATE_ORDERED or STATE_RESTORED of the volume. -ENOENT: there is none. */
int state_read_order(int volume, const char *which, struct state_order *order, struct error *error);
/* It is on the disk when this returns 0. NULL takes an order back; -ENOENT: there was none. */
int state_write_order(int volume, const struct state_order *order, struct error *error);

#endif
