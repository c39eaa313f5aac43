/* The walk of `ebb lost`: what in a folder of the root is to be told, found by comparing it with
 * the same folder of the generation's tree. */
#ifndef EBB_PERSIST_LOST_LOOK_H
#define EBB_PERSIST_LOST_LOOK_H

#include "base/memory.h"
#include "persist/lost.h"

/* A folder of the root. */
struct look_folder {
    struct look_folder *up; /* NULL in "/" */
    const char *name;
    int fd, tree;    /* open while folders in it wait; -1: the generation does not have it */
    bool has_origin; /* the generation has it */
    unsigned depth;
    struct cover_range covered, wanted;
    struct noise_range noise;
    bool inside;               /* of what is wanted */
    bool untouched;            /* since the boot, as are all folders on the way to it */
    bool is_noise;             /* it is some, or lies in some */
    bool parted;               /* something in it is not lost */
    bool muted;                /* some noise in it was left out */
    bool strange;              /* without its origin, nothing in it could be told from new */
    bool unseen;               /* could not be looked into */
    int blind;                 /* errno of that, or of listing it */
    struct look_thing *things; /* by name */
    size_t count;
    struct look_folder *next; /* of those that wait to be looked into */
    size_t waiting;           /* folders in it that do */
};

/* Something lost, or a folder, or what could not be looked at. */
struct look_thing {
    const char *name;
    struct look_folder *folder;
    struct lost_item item; /* without its place in the list */
    ino_t inode;           /* of a file with several names, else 0 */
    int blind;             /* errno */
};

/* One of those who look. */
struct looker {
    const struct lost_request *request;
    dev_t device;
    struct arena *arena; /* what is found belongs to it */
    char listing[32768];
};

/* Opens the folder and fills it; `found` gets the folders in it, their number is `waiting`. */
void look_into(struct looker *looker, struct look_folder *folder, struct look_folder **found);

#endif
