/* A tree copied by descriptors: contents, owners, modes, times, extended attributes (so ACLs too),
 * hard links, holes, devices and symbolic links come out as they were. Mount points inside the
 * source are copied as empty folders; subvolumes of btrfs are copied with what is in them. */
#ifndef EBB_BASE_COPY_H
#define EBB_BASE_COPY_H

#include <stdint.h>

#include "base/error.h"

/* Whoever wants to hear of a copy puts this into a structure of his own. */
struct copy_progress {
    /* So many so far, of all but folders; after each, and now and then in a large one. */
    void (*tell)(struct copy_progress *progress, uint64_t files, uint64_t bytes);
};

/* The mount that `fd` lies on: the subvolumes of one have several devices. 0 where that fails. */
uint64_t copy_mount(int fd);

/* Whoever leaves out some of a tree puts this into a structure of his own. */
enum copy_part {
    COPY_WHOLE,
    COPY_FOLDER, /* without what is in it */
    COPY_NOTHING,
};
struct copy_choice {
    /* Of what is at `path`, which begins at the top of the tree and not with "/". */
    enum copy_part (*choose)(const struct copy_choice *choice, const char *path);
};

/* How much a copy would have to do. */
struct copy_size {
    uint64_t files, bytes; /* as a copy_progress counts them */
    uint64_t room;         /* that it takes on a disk of its own, each inode once */
};
/* Of what lies in the folder `source`, as far as it can be looked at; `choice` may be NULL. */
void copy_measure(int source, const struct copy_choice *choice, struct copy_size *size);

/* Whether the copy of the tree `source` into `target`, or into a folder below it, would meet
 * itself: -EINVAL if `target` lies in the tree. The copies find that too, but only when they come
 * there. */
int copy_check(int source, int target, struct error *error);
/* Copies what is in the folder `source` into the folder `target`, which gets the source's own
 * owner and mode. Existing folders are merged into; anything else in the way is an error. */
int copy_tree(int source, int target, struct error *error);
/* The same of a tree that is in use: what vanishes while it is copied is left out. `progress` may
 * be NULL. */
int copy_live_tree(int source, int target, struct copy_progress *progress, struct error *error);
/* Makes an earlier copy of a tree that is in use like the tree again, and returns how many things
 * were different. What has the same kind, size, time, mode, owner and extended attributes is left
 * alone, all else copied anew or removed. The time of a folder does not make it different. */
int copy_refresh(int source, int target, struct copy_progress *progress, struct error *error);
/* The same two of the part of a tree that is chosen. */
int copy_live_part(int source, int target, const struct copy_choice *choice,
                   struct copy_progress *progress, struct error *error);
int copy_refresh_part(int source, int target, const struct copy_choice *choice,
                      struct copy_progress *progress, struct error *error);
/* Copies an open file into another, which is empty and gets the source's own owner and mode. */
int copy_open_file(int source, int target, struct error *error);
/* Gives what is open the owner, mode, extended attributes and times of `source`. */
int copy_open_attributes(int source, int target, struct error *error);
/* Copies the thing called `name`, of whichever kind, from one folder into another. */
int copy_named(int source, int target, const char *name, struct error *error);

#endif
