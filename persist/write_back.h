/* What changed in a copied file goes back to its volume.
 *
 * The target may lie in a folder of somebody who is not to be trusted, so no link is followed on
 * the way, a link itself is kept as a link, and whose file it is is looked at. What is copied keeps
 * its owner and mode, so that nobody can read on the volume what they could not read before.
 *
 * No lock is needed, not even /etc/.pwd.lock: programs that take it replace the file by a rename,
 * and the descriptor that is read from is the old file or the new one, always a whole one. A file
 * that is written in place is looked at before and after, and copied again if it changed. */
#ifndef EBB_PERSIST_WRITE_BACK_H
#define EBB_PERSIST_WRITE_BACK_H

#include "base/error.h"
#include "persist/copies.h"

enum { WRITE_BACK_LIMIT = 64 << 20 }; /* bytes: a user cannot have root fill the volume */

enum write_back_result {
    WRITE_BACK_SAME,    /* nothing was to be done */
    WRITE_BACK_WRITTEN, /* it is on the disk */
    WRITE_BACK_GONE,    /* the target was deleted; what is kept stays */
    WRITE_BACK_NOTHING, /* there is no target, and nothing is kept */
};

/* `root` is the running system's, `volume` the volume's, whose identity was checked. */
int write_back(const struct copied *copied, int root, int volume, enum write_back_result *result,
               struct error *error);

#endif
