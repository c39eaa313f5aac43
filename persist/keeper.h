/* Waits until copied files may have changed. Folders are watched, not files: a file that is
 * replaced by a rename is another one each time. Where a folder is missing, the nearest one above
 * it is watched until it comes. */
#ifndef EBB_PERSIST_KEEPER_H
#define EBB_PERSIST_KEEPER_H

#include <stdbool.h>

#include "base/error.h"
#include "persist/copies.h"

/* How long it is waited after the first change, so that a burst is one write. */
enum { KEEPER_SETTLES = 200 /* milliseconds */ };

struct watched {
    int watch;        /* inotify's number for the folder, -1 for none */
    const char *name; /* what is waited for in it */
    bool due;         /* it may have changed */
};

struct keeper {
    const struct copies *copies;
    int root, inotify, mounts, signals;
    struct watched *watched; /* one for each of the copies */
};

/* SIGTERM and SIGINT are blocked from now on: they end a wait. Everything is due. */
int keeper_open(struct arena *arena, const struct copies *copies, struct keeper *keeper,
                struct error *error);
void keeper_close(const struct keeper *keeper);
#define auto_keeper AUTO(keeper_close) struct keeper

/* Watches the folders as they are now; what lies in one that was not watched is due. To be called
 * after each wait, before anything is written back: what changes later is heard of. */
int keeper_watch(struct keeper *keeper, struct error *error);
/* Until something is due (1), for at most so many milliseconds (-1: for ever), or until a signal
 * asks to end (0). */
int keeper_wait(struct keeper *keeper, int milliseconds, struct error *error);

#endif
