/* A generation made from another one by a command that runs in a writable copy of its tree.
 *
 * Where the tree is a subvolume of btrfs, the copy is a snapshot. Otherwise it is an overlay, whose
 * upper layer becomes the new tree: so the command cannot write to the old one, and what it leaves
 * as it was costs nothing (generations/layer.h). What was an image is unpacked.
 *
 * The caller has a mount name space of its own, and has locked the store. */
#ifndef EBB_GENERATIONS_MAKING_H
#define EBB_GENERATIONS_MAKING_H

#include <stdbool.h>

#include "generations/change.h"
#include "generations/layer.h"

struct making {
    int store;     /* without what is mounted in it */
    int folder;    /* .new */
    int from;      /* the tree it is made from, or the image of it */
    int tree;      /* the one to be */
    int workplace; /* a mount of it that the command sees as its root */
    bool is_whole; /* the command works in the tree itself */
};

/* Prepares .new in the store as a copy of the generation facts->parent. */
int making_begin(int store, const struct generation_facts *facts, struct making *making,
                 struct error *error);
/* Runs the command facts->command in it. `stop` can be read when it is to be given up; or it is
 * -1. */
int making_run(struct making *making, const struct generation_facts *facts, int stop,
               struct error *error);
/* Makes the tree whole; then it is ready for generation_commit. */
int making_seal(const struct making *making, struct copy_progress *progress, int stop,
                struct error *error);
/* After that, or whenever it failed, before generation_abandon. */
void making_close(struct making *making);

#endif
