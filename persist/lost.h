/* What the next boot takes away: what is in the ephemeral root, is not as the generation has it,
 * and is not brought back.
 *
 * One walk over the root's own file system, by descriptors and without following links, beside a
 * walk over the generation's tree. Several threads look (lost_search.c) into one folder each
 * (lost_look.c); then one tells (lost.c) what they found, by name, so who was first does not show.
 * A file of the same kind, size, time, mode and owner is unchanged (the copy at boot keeps times);
 * where only the time differs, the contents decide. What is deleted comes back, so it is not lost.
 *
 * Most of a root is as the boot made it, and its own change times tell: what has not changed since
 * then, in folders that have not either, was neither written nor brought there by a renamed folder,
 * and is not compared. So is what only the boot makes, such as the folders on the way to a mount.
 */
#ifndef EBB_PERSIST_LOST_H
#define EBB_PERSIST_LOST_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/path.h"
#include "persist/cover.h"
#include "persist/noise.h"

struct lost_request {
    struct target root;        /* the root; of an overlay its upper layer */
    bool is_layer;             /* it is one: marks of what was deleted are no files */
    int tree;                  /* the generation's, -1 for none: then all is new */
    const struct noise *noise; /* NULL: nothing is noise */
    bool with_noise;           /* do not leave it out, but mark it */
    struct cover covered;      /* what is brought back, or mounted; sorted */
    struct cover wanted;       /* look only at these, sorted; empty: at all */
    struct timespec made;      /* when the boot had made the root; 0: change times tell nothing */
};

enum lost_change { LOST_NOTHING, LOST_CHANGED, LOST_NEW }; /* NOTHING: a folder on the way */

struct lost_item {
    size_t parent; /* place in the list, LOST_TOP for none */
    size_t name;   /* place in the names */
    mode_t mode;
    enum lost_change change;
    bool unseen; /* a folder that could not be looked into */
    bool noise;
    bool whole;                  /* a new folder with all that is in it, which has no items */
    size_t children;             /* items right below this one */
    uint64_t size, files;        /* a folder's are those of all that is lost in it */
    struct timespec change_time; /* the newest in it */
};

#define LOST_TOP ((size_t)-1)

/* Where it could not look. */
struct lost_blind {
    char *path;
    int code; /* errno */
};

struct lost {
    struct lost_item *items; /* by name in each folder; what lies in one right behind it */
    size_t count, room;
    char *names;
    size_t name_length, name_room;
    struct lost_blind *blind;
    size_t blind_count;
    uint64_t size, files; /* of all; hard links are counted once */
};

/* Fails only if the root itself cannot be looked at; what else cannot is in the list. */
int lost_find(const struct lost_request *request, struct lost *lost, struct error *error);
void lost_free(struct lost *lost);
#define auto_lost AUTO(lost_free) struct lost

/* For whoever makes the list: one more item, and away with the last ones, those from `count` on. */
size_t lost_add(struct lost *lost, const struct lost_item *item, const char *name);
void lost_cut(struct lost *lost, size_t count);

const char *lost_name(const struct lost *lost, const struct lost_item *item);
/* The whole path of an item; for free(3). */
char *lost_path(const struct lost *lost, const struct lost_item *item);

#endif
