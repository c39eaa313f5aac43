/* What the files of `ebb adopt` share: adopt_look.c finds out what becomes of each part of the
 * system, adopt_show.c tells it, and adopt_make.c does it. */
#ifndef EBB_TOOL_ADOPTING_H
#define EBB_TOOL_ADOPTING_H

#include "persist/live.h"
#include "tool/adopt.h"

/* What the generation does not get, or only as an empty folder. */
struct left {
    const char *path; /* clean and absolute */
    const char *why;  /* NULL: an entry's, which is told of by itself */
    enum copy_part part;
    struct copy_size size;
};

/* What becomes of a persist entry. */
enum seed_fate {
    SEED_COPIED,  /* to the volume, as what it has there from now on */
    SEED_HERE,    /* it lies in its place already: root and volume are one file system */
    SEED_KEPT,    /* something else lies in its place, and stays */
    SEED_MISSING, /* the system has nothing there */
    SEED_LEFT,    /* it is for the first boot, which has its own rules or its own message */
};

struct seed {
    const struct persist_entry *entry;
    enum seed_fate fate;
    bool is_shared; /* the generation gets it, too */
    bool replaces;
    struct live live;
    struct copy_size size;
};

struct adopting {
    struct copy_choice choice; /* of what goes into the generation */
    struct arena *arena;
    const struct adopt_wish *wish;
    struct target root;
    struct config *config;
    struct context *context; /* has the state volumes, opened */
    struct left *lefts;      /* by path, once all are found */
    size_t left_count;
    struct seed *seeds;
    size_t seed_count;
    struct copy_size tree;
    const char *fstab;     /* what the generation has as /etc/fstab; NULL: as it is */
    const char *fstab_cut; /* the lines of it that became comments */
    bool shares_blocks;    /* the volume of the generations takes files from the root as clones */
    bool is_same;          /* the root is the top of the volume of the generations */
    uint64_t *needed;      /* bytes, by volume->number */
};

/* Opens the state volumes: in the folders that were given, or where they are mounted. */
int adopt_volumes(struct adopting *adopting, struct error *error);
/* Finds out all that is to be told. */
int adopt_look(struct adopting *adopting, struct error *error);
/* Reads /etc/fstab: what it says of the old root and of swap files is not true of the generation.
 */
int adopt_fstab(struct adopting *adopting, struct error *error);
/* Refuses a system whose package manager runs, and keeps it from running until the descriptors,
 * some of which may be negative, are closed. */
enum { ADOPT_LOCKS = 5 };
int adopt_lock(struct target root, int held[static ADOPT_LOCKS], struct error *error);

void adopt_show(const struct adopting *adopting, FILE *out);
void adopt_show_rest(const struct adopting *adopting, unsigned number, FILE *out);

int adopt_make(struct adopting *adopting, unsigned *number, struct error *error);

#endif
