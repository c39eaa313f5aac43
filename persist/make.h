/* Folders and files that are complete before they have their name, so that a power cut leaves
 * nothing, or all. Until then they are called ".ebb-new", a name that is ours in every folder. */
#ifndef EBB_PERSIST_MAKE_H
#define EBB_PERSIST_MAKE_H

#include "plan/context.h"

/* What is left as it is: by a copy that has its own. */
#define MAKE_ANY ((uid_t)-1)
enum { MAKE_ANY_MODE = -1 };

struct made {
    uid_t user;
    gid_t group;
    int mode;
    bool whole_volume; /* there is more in it than itself to be kept */
};

/* Makes an empty folder (persist_kind) or file under the temporary name and opens it; what a power
 * cut left there is removed. -errno. */
int make_begin(int parent, int kind);
/* The same for the folder that all entries of a store lie in: a subvolume where the file system has
 * them, so that a state of it can be kept (persist/states.h). */
int make_begin_store(int parent);
/* Gives it owner, mode and name, all of which is on the disk then; -errno, and it is removed. */
int make_end(int parent, int fd, const char *name, const struct made *made);
/* Removes what was begun. */
void make_undo(int parent);

#endif
