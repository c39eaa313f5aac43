/* What must hold of a disk at every moment, for the checker of power cuts. */
#ifndef EBB_QEMU_TESTS_JUDGES_H
#define EBB_QEMU_TESTS_JUDGES_H

#include <stdbool.h>

#include "vm/fat.h"

/* A file that entries name, and the size that is right for it. */
struct payload {
    const char *path;
    uint32_t size;
};

struct esp {
    struct arena *arena;
    struct payload *payloads;
    size_t count;
};

/* Takes the sizes of all that the entries of a whole partition name. */
int judge_learn(struct esp *esp, const char *image, struct error *error);
/* At least one of the entries has all files that it names, with a size that was learnt. `esp` is a
 * struct esp. */
int judge_entries(const char *image, void *esp, struct error *error);
/* The record of boots can be read, and has been written to. */
int judge_record(const char *image, void *nothing, struct error *error);

/* What `ebb boot` keeps on a partition. */
struct own_entries {
    const char *token;
    bool must_boot; /* by loader.conf, and not only once that says so */
};
/* Whichever entry of ours can be read is whole, to the digests of what it names; that which
 * loader.conf makes the default is one of them. `own` is a struct own_entries. */
int judge_own(const char *image, void *own, struct error *error);
/* The same where the drive does as it likes: instead of the default, which may have become
 * unreadable, it may be the way back. */
int judge_own_refuge(const char *image, void *own, struct error *error);

enum { MOST_GENERATIONS = 8 };

/* The generations of a state volume, each told by a text. */
struct own_generations {
    struct arena *arena;
    const char *folder;                      /* for what is made meanwhile */
    const char *whole[MOST_GENERATIONS + 1]; /* by number, NULL: there is none */
    bool must_be[MOST_GENERATIONS + 1];
};

/* Takes all that a volume has. `own` is a struct own_generations. */
int judge_learn_generations(const char *image, void *own, struct error *error);
/* Once the journal has been played back, what has a number is as it was learnt, and what must be
 * there is there; and so is the record. */
int judge_generations(const char *image, void *own, struct error *error);

#endif
