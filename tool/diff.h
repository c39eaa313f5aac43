/* `ebb diff`, over any root: what differs between two generations, told in three parts that all
 * have one form. */
#ifndef EBB_TOOL_DIFF_H
#define EBB_TOOL_DIFF_H

#include <stdio.h>

#include "tool/place.h"

/* As diff(1) has them. */
enum { DIFF_SAME = 0, DIFF_DIFFERENT = 1, DIFF_TROUBLE = 2 };

struct diff_wish {
    struct place_wish place;
    const char *old, *new; /* numbers, labels, latest, previous or booted */
    bool files, json;      /* files: even where packages tell */
};

/* Returns the exit status. */
int diff_tell(struct target root, const struct diff_wish *wish, FILE *out);

/* One of the two. */
struct diff_side {
    const struct generation *generation;
    const char *kernel;          /* the newest one, NULL: none */
    int tree;                    /* or the system itself, of a Nix profile */
    const char *system;          /* where that lies; NULL: it is none */
    const struct config *config; /* NULL: it carries none, and the host's is not known */
};

/* What only one of them has (the other text is NULL then), or each in another way. */
struct diff_item {
    const char *name;      /* "dir /var/log", a package, a path */
    const char *old, *new; /* what is said of it, maybe "" */
};

struct diff_part {
    struct arena *arena;
    bool known; /* else it was not looked for, or cannot be told */
    struct diff_item *items;
    size_t count;
};

struct diff {
    struct diff_side old, new;
    struct diff_part declarations, packages, files;
};

/* Each fills its part. */
void diff_declarations(const struct diff *diff, struct diff_part *part);
int diff_packages(const struct diff *diff, struct diff_part *part, struct error *error);
int diff_files(const struct diff *diff, struct diff_part *part, struct error *error);

void diff_print(const struct diff *diff, FILE *out);
void diff_print_json(struct arena *arena, const struct diff *diff, FILE *out);

#endif
